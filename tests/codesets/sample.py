"""A tabular list of our own in the shape of the official file, one row for each of its traps."""

SAMPLE = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.tabular>
  <version>2026</version>
  <introduction><introSection type="title"><title>ICD-10-CM</title></introSection></introduction>
  <chapter>
    <name>1</name>
    <desc>Infectious diseases (A00-B99)</desc>
    <includes><note>diseases that are communicable</note></includes>
    <excludes1><note>localized infections - see chapters of body systems</note></excludes1>
    <sectionIndex><sectionRef first="B20" last="B20" id="B20">HIV</sectionRef></sectionIndex>
    <section id="B20">
      <desc>Human immunodeficiency virus [HIV] disease (B20)</desc>
      <diag>
        <name>B20</name>
        <desc>Human immunodeficiency virus [HIV] disease</desc>
        <inclusionTerm><note>AIDS</note></inclusionTerm>
        <codeFirst><note>HIV disease complicating pregnancy (O98.7-), if applicable</note></codeFirst>
      </diag>
    </section>
  </chapter>
  <chapter>
    <name>4</name>
    <desc>Endocrine diseases (E00-E89)</desc>
    <sectionIndex><sectionRef first="E08" last="E13" id="E08-E13">Diabetes</sectionRef></sectionIndex>
    <section id="E08-E13">
      <desc>Diabetes mellitus (E08-E13)</desc>
      <useAdditionalCode><note>code to identify insulin use (Z79.4)</note></useAdditionalCode>
      <diag>
        <name>E11</name>
        <desc>Type 2 diabetes mellitus</desc>
        <includes><note>diabetes NOS</note></includes>
        <excludes1>
          <note>gestational diabetes (O24.4-)</note>
          <note>type 1 diabetes mellitus (E10.-)</note>
        </excludes1>
        <diag>
          <name>E11.6</name>
          <desc>Type 2 diabetes mellitus with other complications</desc>
          <diag>
            <name>E11.65</name>
            <desc>Type 2 diabetes mellitus with hyperglycemia</desc>
          </diag>
        </diag>
        <diag>
          <name>E11.9</name>
          <desc>Type 2 diabetes mellitus without complications</desc>
        </diag>
      </diag>
    </section>
  </chapter>
  <chapter>
    <name>8</name>
    <desc>Diseases of the ear (H60-H95)</desc>
    <sectionIndex><sectionRef first="H80" last="H83" id="H80-H83">Inner ear</sectionRef></sectionIndex>
    <section id="H80-H83">
      <desc>Diseases of inner ear (H80-H83)</desc>
      <diag>
        <name>H81</name>
        <desc>Disorders of vestibular function</desc>
        <visualImpairment><visCategory><value>1</value></visCategory></visualImpairment>
        <diag><name>H81.0</name><desc>Ménière's disease</desc></diag>
      </diag>
    </section>
  </chapter>
  <chapter>
    <name>19</name>
    <desc>Injury (S00-T88)</desc>
    <sectionIndex><sectionRef first="S00" last="S09" id="S00-S09">Head</sectionRef></sectionIndex>
    <section id="S00-S09">
      <desc>Injuries to the head (S00-S09)</desc>
      <diag>
        <name>S06</name>
        <desc>Intracranial injury</desc>
        <sevenChrNote><note>The appropriate 7th character is to be added</note></sevenChrNote>
        <sevenChrDef>
          <extension char="A">initial encounter</extension>
          <extension char="D">subsequent encounter</extension>
          <extension char="S">sequela</extension>
        </sevenChrDef>
        <notes>
          <note>7th characters D and S do not apply to codes in category S06 with 6th character 7 - death
            due to brain injury, or 8 - death due to other cause.</note>
        </notes>
        <diag>
          <name>S06.1</name>
          <desc>Traumatic cerebral edema</desc>
          <diag placeholder="true">
            <name>S06.1X</name>
            <desc>Traumatic cerebral edema</desc>
            <diag><name>S06.1X0</name><desc>Cerebral edema, awake</desc></diag>
            <diag><name>S06.1X7</name><desc>Cerebral edema, death of brain injury</desc></diag>
            <diag><name>S06.1X8</name><desc>Cerebral edema, death of other cause</desc></diag>
          </diag>
        </diag>
        <diag>
          <name>S06.2</name>
          <desc>Own characters</desc>
          <sevenChrDef><extension char="B">open</extension></sevenChrDef>
        </diag>
      </diag>
    </section>
    <section id="T07">
      <desc>Injuries involving multiple body regions (T07)</desc>
      <diag>
        <name>T07</name>
        <desc>Unspecified multiple injuries</desc>
        <sevenChrDef>
          <note>Add one of these:</note>
          <extension char="A">initial encounter</extension>
          <extension char="S">sequela</extension>
        </sevenChrDef>
      </diag>
    </section>
  </chapter>
  <chapter>
    <name>21</name>
    <desc>Genetic variants (QA0)</desc>
    <sectionIndex/>
    <section id="QA0">
      <desc>Variants (QA0)</desc>
      <diag>
        <name>QA0</name>
        <desc>Disorders related to genetic variants</desc>
        <diag><name>QA0.0</name><desc>Disorders related to variants in ion channel genes</desc></diag>
      </diag>
    </section>
  </chapter>
</ICD10CM.tabular>
"""

#: What is billable in it, in the order of the book.
BILLABLE = (
    "B20 E11.65 E11.9 H81.0 S06.1X0A S06.1X0D S06.1X0S S06.1X7A S06.1X8A S06.2XXB T07.XXXA T07.XXXS QA0.0"
).split()
