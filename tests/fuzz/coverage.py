"""Line coverage of the parsers by the corpora of all fuzz targets together,
as a table; fails where a parser has less than it should.

    tests/fuzz/coverage.py FOLDER_OF_REPLAYS [--show FILE]

--show prints the lines of one file that no seed reaches.
"""
import json
import os
import pathlib
import subprocess
import sys

FUZZ = pathlib.Path(__file__).resolve().parent
ROOT = FUZZ.parent.parent
LEAST = 90.0
# What reads bytes that others made: from the network, from a file or from
# another role.
PARSERS = """
base/bundle.c base/net.c base/toml.c base/url.c base/users_text.c base/utf8.c
base/yaml.c certs/jws.c certs/leaf_msg.c certs/signer.c certs/trust.c
console/id_token.c console/oidc.c console/oidc_msg.c extract/archive.c
extract/biff.c extract/cfb.c extract/format.c extract/html_text.c
extract/image.c extract/job.c extract/mail.c extract/office.c extract/ole.c
extract/ole_text.c extract/pdf_objects.c extract/report.c extract/rtf.c
extract/sheet.c extract/sqlite.c extract/text.c extract/tnef.c extract/unpack.c
extract/xml.c inspect/answer.c inspect/answer_files.c inspect/audit_log.c
inspect/bootstrap.c inspect/channel.c inspect/channel_events.c
inspect/channel_frames.c inspect/channel_pubsub.c inspect/channel_realtime.c
inspect/channel_topics.c inspect/channel_turns.c inspect/channel_updates.c
inspect/chatgpt.c inspect/chatgpt_answer.c inspect/chatgpt_tree.c
inspect/compliance_log.c inspect/csv_read.c inspect/decode.c inspect/delta.c
inspect/delta_keep.c inspect/doc.c inspect/edm.c inspect/edm_walk.c
inspect/exchange.c inspect/exchange_answer.c inspect/exchange_body.c
inspect/exchange_file.c inspect/exchange_identity.c inspect/exchange_inner.c
inspect/exchange_judge.c inspect/exchange_response.c inspect/exchange_view.c
inspect/extract.c inspect/filetype.c inspect/fingerprint_build.c
inspect/fingerprint_match.c inspect/fingerprint_set.c inspect/form.c
inspect/harvest.c inspect/html.c inspect/identity.c inspect/import_regex.c
inspect/island_groups.c inspect/island_signs.c inspect/join_apart.c
inspect/join_bridge.c inspect/join_index.c inspect/join_look.c
inspect/join_numbers.c inspect/join_order.c inspect/join_signs.c inspect/json.c
inspect/json_mend.c inspect/json_tree.c inspect/keep.c inspect/keep_answers.c
inspect/keep_files.c inspect/keep_links.c inspect/log_event.c inspect/log_map.c
inspect/map_answer.c inspect/mime.c inspect/multipart.c inspect/mweb_html.c
inspect/mweb_ndjson.c inspect/ndjson.c inspect/norm.c inspect/openai_answer.c
inspect/openai_media.c inspect/openai_request.c inspect/path.c inspect/pick.c
inspect/policy.c inspect/resume.c inspect/rules.c inspect/rules_hs.c
inspect/rules_pattern.c inspect/rules_words.c inspect/runs.c inspect/scan_hs.c
inspect/service.c inspect/service_body.c inspect/service_event.c
inspect/service_load.c inspect/service_route.c inspect/service_value.c
inspect/sse.c inspect/turn.c inspect/turn_cipher.c inspect/turn_words.c
inspect/upload.c inspect/upload_facts.c inspect/upload_pieces.c proxy/control.c
proxy/feed.c proxy/feed_audit.c proxy/feed_compliance.c proxy/fields.c
proxy/h1.c proxy/h1_conn.c proxy/h1_head.c proxy/h1_write.c proxy/h2.c
proxy/h2_head.c proxy/h2_recv.c proxy/h2_send.c proxy/h2_stream.c proxy/hello.c
proxy/ws.c proxy/ws_handshake.c proxy/ws_inflate.c store/alert_match.c
store/alert_rules.c store/alerts.c store/journal_entry.c store/journal_read.c
store/record.c store/words.c
""".split()


def replay_all(replays):
    """Runs each target over its corpus; one profile of them all."""
    raws = []
    for replay in replays:
        raw = replay.with_suffix(".profraw")
        subprocess.run([replay, FUZZ / "corpus" / replay.name.removeprefix("fuzz_")],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       env=dict(os.environ, LLVM_PROFILE_FILE=str(raw)))
        raws.append(raw)
    merged = replays[0].with_name("merged.profdata")
    subprocess.run(["llvm-profdata", "merge", "-o", merged, *raws], check=True)
    return merged


def llvm_cov(command, replays, merged, *rest):
    objects = [arg for replay in replays for arg in ("-object", replay)][1:]
    return subprocess.run(["llvm-cov", command, *objects, "-instr-profile", merged, *rest],
                          check=True, stdout=subprocess.PIPE, text=True).stdout


def main():
    replays = sorted(p for p in pathlib.Path(sys.argv[1]).glob("fuzz_*") if not p.suffix)
    merged = replay_all(replays)
    if "--show" in sys.argv:
        text = llvm_cov("show", replays, merged, str(ROOT / sys.argv[-1]))
        print("\n".join(line for line in text.splitlines() if "|      0|" in line))
        return 0
    report = json.loads(llvm_cov("export", replays, merged, "-summary-only"))
    share = {os.path.relpath(os.path.join(ROOT, f["filename"]), ROOT): f["summary"]["lines"]
             for f in report["data"][0]["files"]}
    low = []
    print("| parser | lines | reached |\n| --- | ---: | ---: |")
    for name in PARSERS:
        if not (ROOT / name).exists():
            sys.exit(f"{name} is gone: mend the list in {__file__}")
        lines = share.get(name, {"count": 0, "percent": 0.0})
        print(f"| {name} | {lines['count']} | {lines['percent']:.1f} % |")
        if lines["percent"] < LEAST:
            low.append(name)
    print(f"below {LEAST:.0f} %: {', '.join(low)}" if low else f"all at {LEAST:.0f} % or more")
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
