"""The terms and notices in force. A new version asks everybody again."""

#: Date of the text in ``templates/pages/_notices.html``; change both together.
TERMS_VERSION = "2026-11-01"
