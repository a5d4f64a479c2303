"""What every coder knows about words: which mean the same, and what Greek and Latin compounds are made of.

Written from general knowledge of medical English. Lay phrases and abbreviations are data that editors keep
(see ``synonyms``); here is only what holds word for word, in every phrase.
"""

from typing import Final

#: A line is one meaning. Its words are one word to the search, in the book and in the question.
FAMILIES: Final = """
kidney renal nephric
liver hepatic
heart cardiac
lung pulmonary
brain cerebral
stomach gastric
intestine bowel enteric
skin cutaneous dermal
bone osseous
eye ocular
ear aural auricular otic
nose nasal
mouth oral buccal
tooth teeth dental
tongue lingual glossal
lip labial
throat pharynx pharyngeal
breast mammary
womb uterus uterine
testis testes testicle testicular
spleen splenic
nerve neural
vein venous
vessel vascular
joint articular
belly abdomen abdominal tummy
chest thorax thoracic
skull cranial cranium
jaw mandible mandibular
eyelid palpebral
thigh femoral femur thighbone
rib costal
foot feet pedal plantar
child children childhood pediatric
newborn neonatal neonate
pregnant pregnancy gestational gravid
cancer malignant carcinoma cancerous
tumor neoplasm
stone calculus calculi lithiasis
bleed bleeding hemorrhage
swelling edema
narrow stricture stenosis narrowing
block obstruction blockage occlusion
enlarge enlarged enlargement hypertrophy hypertrophic
wasting atrophy atrophic
paralysis palsy paralytic
itch pruritus itching itchy
hives urticaria
broken fracture break
cut laceration
bruise contusion
ache pain dolor painful
fatigue exhaustion tired tiredness
fainting syncope faint
dizzy dizziness
drowsy somnolence
kneecap patella
collarbone clavicle
shinbone tibia shin
tailbone coccyx
breastbone sternum
windpipe trachea
gullet esophagus
navel umbilicus umbilical
armpit axilla axillary
groin inguinal
buttock gluteal
heel calcaneus
finger digit
nail ungual
scar cicatrix
wart verruca
mole nevus
worm helminth
alcohol ethanol drunk
smoking tobacco
suicide suicidal
graft transplant
mother maternal
afterbirth placenta placental
miscarriage abortion
menses menstruation menstrual
bladder vesical
stool feces fecal
vomit emesis vomiting
fever pyrexia febrile
twisted torsion
lump mass
boil furuncle
blood hematic
septic sepsis septicemia
thrombus thrombosis clot clotting
atheroma atherosclerosis arteriosclerosis
pituitary hypophysis hypophyseal
adrenal suprarenal
spine spinal vertebra vertebral
larynx laryngeal glottis
absence agenesis absent
anomaly abnormal malformation
purulent suppurative pus
elevated raised
perforation perforated hole
cold coldness
dead death
swallow swallowing
unspecified nos
tuberculosis tuberculous tubercular
syphilis syphilitic
fibrosis fibrous fibrotic
anaphylaxis anaphylactic
lymph lymphatic
spasm spasmodic spastic
prophylaxis prophylactic
leprosy leprous
gonorrhea gonococcal
dislocation luxation
accident accidental
arm arms
leg legs
""".strip().splitlines()

#: How compounds begin: the form that combines, and what it names.
BEGINNINGS: Final = """
nephro kidney; ren kidney; hepato liver; cardio heart; myocardio heart; pneumo lung; pulmo lung;
broncho bronchus; encephalo brain; cerebro brain; gastro stomach; entero intestine; jejuno jejunum;
ileo ileum; colo colon; procto rectum; recto rectum; cholecysto gallbladder; cholangio bile duct;
choledocho bile duct; chole bile; pancreato pancreas; spleno spleen; lieno spleen; dermato skin; dermo skin;
osteo bone; arthro joint; chondro cartilage; spondylo spine; rachi spine; myo muscle; neuro nerve;
meningo meninges; oculo eye; ophthalmo eye; kerato cornea; irido iris; cyclo ciliary; retino retina;
choroido choroid; conjunctivo conjunctiva; blepharo eyelid; dacryo lacrimal; oto ear; tympano tympanic;
myringo tympanic; rhino nose; naso nose; pharyngo pharynx; laryngo larynx; tracheo trachea; tonsillo tonsil;
glosso tongue; stomato mouth; cheilo lip; gingivo gum; odonto tooth; sialo salivary; parotido parotid;
oesophago esophagus; esophago esophagus; cysto bladder; vesico bladder; uretero ureter; urethro urethra;
prostato prostate; orchi testis; orchido testis; epididymo epididymis; balano penis; vulvo vulva;
colpo vagina; vagino vagina; cervico cervix; metro uterus; hystero uterus; endometrio endometrium;
salpingo fallopian tube; oophoro ovary; masto breast; mammo breast; phlebo vein; thrombo thrombus;
arterio artery; angio vessel; vasculo vessel; aorto aorta; lymphadeno lymph node; lympho lymph; adeno gland;
thyro thyroid; thyroido thyroid; parathyro parathyroid; adreno adrenal; haemato blood; hemato blood;
onycho nail; tricho hair; hidro sweat; lipo fat; dactylo finger; podo foot; cephalo head; cranio skull;
thoraco chest; costo rib; lumbo lumbar; coccygo coccyx; omphalo umbilicus; peritoneo peritoneum;
pleuro pleura; pericardio pericardium; endocardio endocardium; burso bursa; teno tendon; tendino tendon;
fascio fascia; pyelo kidney pelvis; pyo pus; hydro fluid; litho calculus; uro urine; spermato semen;
appendico appendix; typhlo cecum; diverticulo diverticulum; sigmoido sigmoid; pyle portal vein;
sinuso sinus; ethmoido ethmoid; mastoido mastoid; epiglotto epiglottis; placento placenta; chorio chorion;
amnio amnion; funiculo spermatic cord; vesiculo seminal vesicle
"""

#: How compounds end: what is wrong.
ENDINGS: Final = """
itis inflammation; algia pain; dynia pain; malacia softening; megaly enlarged; rrhagia hemorrhage;
rrhea discharge; lithiasis calculus; lith calculus; plegia paralysis; stenosis stricture; ptosis prolapse;
ectasia dilatation; ectasis dilatation; rrhexis rupture; sclerosis sclerosis; atrophy atrophy; spasm spasm;
cele hernia; coele hernia; oma neoplasm; pathy disease; phlebitis phlebitis; necrosis necrosis;
fibrosis fibrosis; cyst cyst; penia deficiency; edema edema
"""
