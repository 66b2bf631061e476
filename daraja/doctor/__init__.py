"""The doctor: tells the causes of refused M-PESA calls apart, without moving money and without showing a secret.

findings = await examine(subject, on_finding=show)
diagnosis = diagnose([*our_own_findings, *findings])
"""

from __future__ import annotations

from daraja.credential import Operator
from daraja.doctor.causes import CauseClass
from daraja.doctor.diagnosis import diagnose
from daraja.doctor.examination import examine
from daraja.doctor.findings import Diagnosis, Evidence, Exchange, Finding, Step, Verdict
from daraja.doctor.subject import Product, Subject

__all__ = [
    "CauseClass",
    "Diagnosis",
    "Evidence",
    "Exchange",
    "Finding",
    "Operator",
    "Product",
    "Step",
    "Subject",
    "Verdict",
    "diagnose",
    "examine",
]
