"""What an import would change, compared with what the school knows already."""

from __future__ import annotations

from bot.services.import_plan import Plan, Problems, plan_import
from bot.services.import_report import report_plan
from daraja import account_reference
from storage.imports import KnownChild, KnownGuardian, SchoolList

HEADER = "admission_number,student_name,class_name,guardian_name,guardian_phone,opening_balance"
MARY = KnownGuardian("Mary Otieno", "254712345678")
JOHN = KnownGuardian("John Otieno", "254722000111")
AMINA = KnownChild("1042", "Amina Otieno", "Grade 4", "1042", (MARY,), frozenset({1_250_000}))
BEN = KnownChild("1043", "Ben Otieno", "Grade 1", "1043", (MARY,))
KNOWN = SchoolList((AMINA, BEN), (MARY, JOHN))

SAME = (
    "1042,Amina Otieno,Grade 4,Mary Otieno,0712345678,12500\n1043,Ben Otieno,Grade 1,Mary Otieno,0712345678,"
)


def planned(rows: str, known: SchoolList = KNOWN) -> Plan:
    plan = plan_import(f"{HEADER}\n{rows}\n", known)
    assert isinstance(plan, Plan), plan
    return plan


def refused(rows: str, known: SchoolList = KNOWN) -> list[str]:
    plan = plan_import(f"{HEADER}\n{rows}\n", known)
    assert isinstance(plan, Problems), "the file was taken"
    return [str(problem) for problem in plan.found]


def test_the_same_file_twice_changes_nothing() -> None:
    plan = planned(SAME)
    assert plan.changes_nothing
    assert "nothing changes" in report_plan("students.csv", plan, dry_run=False)[0]


def test_a_new_child_comes_with_guardian_and_opening_balance() -> None:
    plan = planned(f"{SAME}\n1044,Cate Njoki,Grade 2,Jane Njoki,0733000222,-300")
    assert [row.admission_number for row in plan.added] == ["1044"]
    assert [guardian.phone for guardian in plan.new_guardians] == ["254733000222"]
    assert [(tie.admission_number, tie.phone) for tie in plan.gained] == [("1044", "254733000222")]
    assert [(row.admission_number, row.opening_cents) for row in plan.openings] == [("1044", -30_000)]


def test_a_guardian_no_longer_on_the_row_loses_that_child_only() -> None:
    plan = planned(SAME.replace("Mary Otieno,0712345678,12500", "John Otieno,0722000111,12500"))
    assert [(tie.admission_number, tie.guardian_name) for tie in plan.lost] == [("1042", "Mary Otieno")]
    assert [(tie.admission_number, tie.guardian_name) for tie in plan.gained] == [("1042", "John Otieno")]
    assert plan.new_guardians == ()


def test_a_child_absent_from_the_file_stays() -> None:
    plan = planned(SAME.splitlines()[0])
    assert plan.absent == (BEN,)
    assert plan.changes_nothing


def test_a_changed_class_name_or_spelling_is_a_change_of_the_same_child() -> None:
    plan = planned(SAME.replace("Grade 4", "Grade 5").replace("Ben Otieno", "Benjamin Otieno"))
    assert [change.row.admission_number for change in plan.changed] == ["1042", "1043"]
    assert plan.added == ()


def test_another_name_for_a_known_phone_renames_the_guardian_once() -> None:
    plan = planned(SAME.replace("Mary Otieno", "Mary A. Otieno"))
    assert [guardian.name for guardian in plan.renamed_guardians] == ["Mary A. Otieno"]
    assert plan.gained == plan.lost == ()


def test_two_names_for_one_phone_keep_the_first_and_say_so() -> None:
    plan = planned(SAME.replace("1043,Ben Otieno,Grade 1,Mary Otieno", "1043,Ben Otieno,Grade 1,Mama Ben"))
    assert plan.changes_nothing
    assert [note.line for note in plan.notes] == [3]


def test_an_opening_balance_is_posted_once_and_a_second_names_the_command() -> None:
    (refusal,) = refused(SAME.replace("12500", "13000"))
    assert refusal.startswith("line 2: an opening balance was posted before")
    assert refusal.endswith(": karo correct 1042 --opening-balance 13000 --reason TEXT")


def test_after_a_correction_the_old_and_the_new_value_both_change_nothing() -> None:
    corrected = KnownChild(
        "1042", "Amina Otieno", "Grade 4", "1042", (MARY,), frozenset({1_250_000, 900_000})
    )
    known = SchoolList((corrected, BEN), (MARY, JOHN))
    assert planned(SAME, known).changes_nothing
    assert planned(SAME.replace("12500", "9000"), known).changes_nothing
    assert len(refused(SAME.replace("12500", "9001"), known)) == 1


def test_an_empty_opening_balance_says_nothing_about_it() -> None:
    assert planned(SAME.replace("12500", "")).changes_nothing


def test_a_first_opening_balance_may_come_in_a_later_file() -> None:
    plan = planned(SAME + "700")
    assert [(row.admission_number, row.opening_cents) for row in plan.openings] == [("1043", 70_000)]


def test_two_children_never_share_an_account_reference() -> None:
    taken = account_reference("ADM/7")
    clash = f"{taken},Dan,Grade 1,Mary Otieno,0712345678,0"
    (in_file,) = refused(f"ADM/7,Cate,Grade 1,Mary Otieno,0712345678,0\n{clash}")
    assert f"line 3: admission number {taken} would share the M-PESA account {taken} with line 2" in in_file
    known = SchoolList((KnownChild("ADM/7", "Cate", "Grade 1", taken),))
    (with_known,) = refused(clash, known)
    assert "with a child already known" in with_known


def test_one_bad_row_refuses_the_whole_file() -> None:
    assert refused(f"{SAME}\n1044,,Grade 2,Jane,0733000222,0") == ["line 4: the student's name is missing"]


def test_the_report_shows_losses_and_absent_children_and_masks_phones() -> None:
    plan = planned("1042,Amina Otieno,Grade 4,John Otieno,0722000111,12500")
    text = "\n".join(report_plan("students.csv", plan, dry_run=True))
    assert "Dry run: nothing was changed" in text
    assert "Mary Otieno (07••• 678): 1042 Amina Otieno" in text
    assert "1 child not in the file, left as they are" in text
    assert "1043 Ben Otieno" in text
    assert "712345678" not in text
    assert "722000111" not in text
