"""How long code lists are cut into groups to browse; names in our own words, as the lists print none."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Names = dict[str, str | Promise]

#: First letters of HCPCS Level II.
HCPCS: Final[Names] = {
    "A": _("Transport, medical and surgical supplies, radiopharmaceuticals"),
    "B": _("Feeding by tube and by vein"),
    "C": _("Devices, drugs and services of hospital outpatient departments"),
    "E": _("Durable medical equipment"),
    "G": _("Procedures and professional services without another code"),
    "H": _("Behavioral health and substance use services"),
    "J": _("Drugs that are not taken by mouth, chemotherapy"),
    "K": _("Durable medical equipment, temporary codes"),
    "L": _("Orthotics and prosthetics"),
    "M": _("Medical services and quality measures"),
    "P": _("Pathology, laboratory and blood products"),
    "Q": _("Drugs, casts, wound care: temporary codes"),
    "R": _("Bringing portable X-ray equipment"),
    "S": _("Codes that private payers ask for"),
    "T": _("Services that state Medicaid agencies ask for"),
    "U": _("Coronavirus laboratory tests"),
    "V": _("Vision, hearing and speech"),
}

#: Major Diagnostic Categories; "PRE" comes before all of them, "00" stands for groups that belong to none.
MDC: Final[Names] = {
    "PRE": _("Before any category: transplants, ECMO, tracheostomy, CAR-T"),
    "01": _("Nervous system"),
    "02": _("Eye"),
    "03": _("Ear, nose, mouth and throat"),
    "04": _("Respiratory system"),
    "05": _("Circulatory system"),
    "06": _("Digestive system"),
    "07": _("Liver, bile ducts and pancreas"),
    "08": _("Musculoskeletal system and connective tissue"),
    "09": _("Skin, subcutaneous tissue and breast"),
    "10": _("Endocrine, nutritional and metabolic diseases"),
    "11": _("Kidney and urinary tract"),
    "12": _("Male reproductive system"),
    "13": _("Female reproductive system"),
    "14": _("Pregnancy, childbirth and puerperium"),
    "15": _("Newborns and conditions of the perinatal period"),
    "16": _("Blood, blood-forming organs and immunological disorders"),
    "17": _("Myeloproliferative diseases and poorly differentiated neoplasms"),
    "18": _("Infectious and parasitic diseases"),
    "19": _("Mental diseases and disorders"),
    "20": _("Alcohol and drug use and the disorders it induces"),
    "21": _("Injuries, poisonings and toxic effects of drugs"),
    "22": _("Burns"),
    "23": _("Factors influencing health status"),
    "24": _("Multiple significant trauma"),
    "25": _("Human immunodeficiency virus infections"),
    "00": _("Procedures unrelated to the principal diagnosis, and what cannot be grouped"),
}
