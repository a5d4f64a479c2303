"""The real tabular list, asked as people ask: no question here is a line of an index."""

import pytest

from courses.codesets.engine import Engine, Synonyms
from courses.codesets.engine.indexing import bare

ASKED = """
heart attack            I21
broken hip              S72.0
COPD                    J44
NSTEMI                  I21.4
AKI                     N17
T2DM                    E11
high blood pressure     I10
kidney stones           N20
uti                     N39.0
CHF                     I50
afib                    I48
pink eye                H10
chicken pox             B01
shingles                B02
strep throat            J02.0
acid reflux             K21
slipped disc            M51
tennis elbow            M77.1
low back pain           M54.5
anaemia                 D64.9
iron deficiency anaemia D50
leukaemia               C95
oedema                  R60
diarrhoea               R19.7
haemorrhoids            K64
oesophagitis            K20
paediatric examination  Z00.1
pnuemonia               J18
hypertenshion           I10
athsma                  J45
bronchitus              J40
apendicitis             K35
diabetic foot ulcer     E11.621
fracture femur neck     S72.0
femur neck fracture     S72.0
pressure ulcer sacral stage 3 L89.15
sprained ankle          S93.4
dog bite                W54
sleep apnea             G47.3
covid-19                U07.1
DVT                     I82
high cholesterol        E78
suicidal thoughts       R45.851
screening mammogram     Z12.31
inflammation of the gallbladder K81
heartattack             I21
e11 9                   E11.9
E119                    E11.9
S72.0                   S72.0
""".strip().splitlines()


@pytest.mark.parametrize("line", ASKED)
def test_code_is_among_the_first_ten(real: tuple[Engine, Synonyms], line: str) -> None:
    engine, synonyms = real
    query, code = line.rsplit(maxsplit=1)

    found = [result.code for result in engine.search(query.strip(), synonyms=synonyms, limit=10)]

    assert any(bare(one).startswith(bare(code)) for one in found), found


def test_full_code_is_found_with_its_seventh_character(real: tuple[Engine, Synonyms]) -> None:
    engine, _synonyms = real

    assert [result.code for result in engine.search("S72.001A")] == ["S72.001A"]
    assert all(not result.code.endswith("A") for result in engine.search("S72.001"))
