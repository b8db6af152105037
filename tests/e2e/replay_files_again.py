"""Cases of test_replay.py: files that go up once more.  Clients try again
(facts/chatgpt-wire.md §4.9); contract.md wants `file.uploaded` once per file.
The same bytes are the activity that was told; other bytes are judged and told
for themselves, so that no hash, finding or verdict is lost."""
from exchanges import entry
from replay_cases import BAD, case
from replay_files_up import (B, SAS, SECRET, TEXT, announce, asked, asks, block, blocklist, form, put, reservation,
                             told, uploaded, whole)


def at(id):
    return f"https://files.oaiusercontent.com/{id}{SAS}"


def blocks_at(id):
    return f"https://oaisdmntprwestus.blob.core.windows.net/files/{id}/raw{SAS}"


@case
def again_after_its_last_step():
    url = at("file-A1")
    return [announce("file-A1", url), put(url, TEXT, 2), uploaded("file-A1", 4), put(url, TEXT, 6),
            asks("file-A1", second=9)], [
        told(whole(TEXT, id="file-A1", name="q3.csv")), asked(whole(TEXT, id="file-A1", name="q3.csv"))]


@case
def again_before_its_last_step():
    url = at("file-A2")
    return [announce("file-A2", url), put(url, TEXT, 2), put(url, TEXT, 4), uploaded("file-A2", 6)], [
        told(whole(TEXT, id="file-A2", name="q3.csv"))]


@case
def again_but_the_storage_refuses_it():
    url = at("file-A3")
    return [announce("file-A3", url), put(url, TEXT, 2), put(url, TEXT, 4, status=403), uploaded("file-A3", 6)], [
        told(whole(TEXT, id="file-A3", name="q3.csv"))]


@case
def again_without_its_announcement():
    url = at("nobody14")
    return [put(url, TEXT, 2), put(url, TEXT, 4)], [told(whole(TEXT))]


@case
def again_with_what_was_found_in_it():
    data = b"mail ana@example.com, server 10.2.3.4\n"
    url = at("file-A17")
    return [announce("file-A17", url), put(url, data, 2), uploaded("file-A17", 4), put(url, data, 6)], [
        told(whole(data), verdict="alert")]


@case
def again_through_the_service_itself():
    url = at("file-A16")
    made = [form(B + "/estuary/upload_content_bytes", ("upload_url", url), ("file", TEXT, "blob", "text/csv"), answer={},
                 second=s) for s in (2, 4)]
    return [announce("file-A16", url), *made, uploaded("file-A16", 6)], [told(whole(TEXT, id="file-A16", name="q3.csv"))]


@case
def again_with_other_bytes():
    url = at("file-A4")
    return [announce("file-A4", url), put(url, TEXT, 2), put(url, TEXT + b"x", 4), uploaded("file-A4", 6),
            put(url, TEXT + b"x", 7), asks("file-A4", second=9)], [
        told(whole(TEXT, name="q3.csv")), told(whole(TEXT + b"x", name="q3.csv")), asked(whole(TEXT + b"x"))]


@case
def again_with_other_bytes_that_are_refused():
    url = at("file-A5")
    return [announce("file-A5", url), put(url, TEXT, 2), put(url, SECRET, 4), asks("file-A5", second=9)], [
        told(whole(TEXT)), told(whole(SECRET), **BAD), asked(whole(SECRET), **BAD)]


@case
def again_refused():
    url = at("file-A7")
    return [announce("file-A7", url), put(url, SECRET, 2), put(url, SECRET, 4)], [told(whole(SECRET), **BAD)]


@case
def again_without_what_was_refused():
    url = at("file-A6")
    return [announce("file-A6", url), put(url, SECRET, 2), put(url, TEXT, 4), uploaded("file-A6", 6),
            asks("file-A6", second=9)], [
        told(whole(SECRET, name="q3.csv"), **BAD), told(whole(TEXT, id="file-A6", name="q3.csv")), asked(whole(TEXT))]


@case
def again_without_what_was_refused_and_named_last():
    first, _, claim = reservation("file_A18", TEXT, "plan.csv")
    url = f"https://sdmntprnorthcentralus.oaiusercontent.com/files/file_A18/raw{SAS}"
    return [first, put(url, SECRET, 2), put(url, TEXT, 3), claim, asks("file_A18", second=9)], [
        told(whole(SECRET), **BAD), told(whole(TEXT, id="file_A18", name="plan.csv")), asked(whole(TEXT))]


@case
def again_in_blocks():
    url = blocks_at("A8")
    made = [call for s in (2, 5) for call in (block(url, "1", TEXT, s), block(url, "2", TEXT, s + 1),
                                              blocklist(url, ["1", "2"], s + 2))]
    return [announce("file_A8", url), *made, asks("file_A8", second=9)], [
        told(whole(TEXT + TEXT, id="file_A8")), asked(whole(TEXT + TEXT))]


@case
def again_the_list_of_its_blocks():
    url = blocks_at("A9")
    return [announce("file_A9", url), block(url, "1", TEXT, 2), block(url, "2", TEXT, 3), blocklist(url, ["1", "2"], 4),
            blocklist(url, ["1", "2"], 5), asks("file_A9", second=9)], [
        told(whole(TEXT + TEXT, id="file_A9")), asked(whole(TEXT + TEXT))]


@case
def again_one_of_its_blocks():
    url = blocks_at("A10")
    made = [announce("file_A10", url), block(url, "1", TEXT, 2), block(url, "2", TEXT, 3),
            blocklist(url, ["1", "2"], 4), block(url, "2", TEXT, 5), block(url, "2", SECRET, 6)]
    return made, [told(whole(TEXT + TEXT, id="file_A10")), told({"name": "q3.csv"}, where="file", **BAD)]


@case
def again_in_other_blocks():
    url = blocks_at("A19")
    made = [announce("file_A19", url), block(url, "1", TEXT, 2), blocklist(url, ["1"], 3),
            block(url, "2", TEXT + TEXT, 4), blocklist(url, ["2"], 5), asks("file_A19", second=9)]
    return made, [told(whole(TEXT)), told(whole(TEXT + TEXT)), asked(whole(TEXT + TEXT))]


@case
def again_in_ranges():
    url = "https://bucket7.s3.amazonaws.com/up/A11?X-Amz-Algorithm=A"
    return [announce("file_A11", url)] + [
        entry(url, TEXT[a:b], method="PUT", kind="text/plain", second=2 + i,
              fields={"content-range": f"bytes {a}-{b - 1}/{len(TEXT)}"})
        for i, (a, b) in enumerate([(0, 10), (10, len(TEXT)), (0, 10), (10, len(TEXT))])], [
        told(whole(TEXT, id="file_A11"))]


@case
def again_after_its_name():
    made = reservation("file_A12", TEXT, "plan.csv")
    url = f"https://sdmntprnorthcentralus.oaiusercontent.com/files/file_A12/raw{SAS}"
    return [*made, put(url, TEXT, 6)], [told(whole(TEXT, name="plan.csv"))]


@case
def again_before_its_name():
    reserve, bytes_, claim = reservation("file_A13", TEXT, "plan.csv")
    url = f"https://sdmntprnorthcentralus.oaiusercontent.com/files/file_A13/raw{SAS}"
    return [reserve, bytes_, put(url, TEXT, 3), claim], [told(whole(TEXT, name="plan.csv"))]
