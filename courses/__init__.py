"""The rooms of the portal, lowest first. An arrow may only point down.

jobs         long work started from the web
codesets     code systems, releases, codes, notes, guideline outline, look-up
catalog      bodies and certifications, paths, courses, lessons and their revisions, requirements
progress     enrolments, completions, requirements met, reading time
exams        question bank, blueprints, checkpoints, attempts, scoring
cases        (coding cases; not built yet)
credentials  CE rule sets, credentials held, cycles, the credit ledger
reminders    kinds, templates, planned reminders, delivery, suppression
cohorts      (organisations, cohorts, assignments; not built yet)
content      the starter curriculum as files, loaded by one command
"""
