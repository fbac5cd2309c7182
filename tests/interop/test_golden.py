# SPDX-License-Identifier: Apache-2.0
"""node.py against proto/golden, the examples of docs/PROTOCOL.md §15 and public test vectors.

Usage: test_golden.py --schemas FOLDER-OF-*_pb2.py [--golden FOLDER]
"""

import argparse
import datetime
import pathlib
import sys
import unittest

parser = argparse.ArgumentParser()
parser.add_argument("--schemas", required=True)
parser.add_argument("--golden", default=pathlib.Path(__file__).parents[2] / "proto" / "golden")
options, rest = parser.parse_known_args()
sys.path.insert(0, options.schemas)
try:
    import nacl.public
    import nacl.signing
    import zmq  # noqa: F401 (node.py needs it)
    from google.protobuf import text_format
except ImportError as error:
    print(f"skipped: {error} (python3-zmq python3-protobuf python3-nacl)")
    sys.exit(77)
import book
import journal_pb2
import message_pb2
import node
import plan_pb2
import report_pb2
import tlog

SEED = bytes(range(32))
PUBLIC = bytes.fromhex("03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8")
REALM = "tonghop/64/rehearsal"
REALM_2 = "tonghop/64/2/rehearsal"  # after a recovery
SEED_2, SEED_3 = bytes(range(32, 64)), bytes(range(64, 96))  # of the rotation, of the recovery
TYPES = {
    "announcement": message_pb2.ToNode, "answer": message_pb2.ToNode,
    "closing": journal_pb2.Closing, "decision": journal_pb2.Decision,
    "enrolment": journal_pb2.Enrolment, "failure": message_pb2.ToNode,
    "hello": message_pb2.ToAggregator, "leaf": journal_pb2.Leaf,
    "leaf-readmitted": journal_pb2.Leaf, "leaf-entered": journal_pb2.Leaf,
    "entering": journal_pb2.Entering, "outcome": message_pb2.ToNode,
    "plan": plan_pb2.Plan, "query": message_pb2.ToAggregator,
    "query-page": message_pb2.ToAggregator, "reminder": message_pb2.ToNode,
    "readmission": journal_pb2.Readmission, "readmit": message_pb2.ToAggregator,
    "recovery": journal_pb2.Recovery, "recovery-end": journal_pb2.RecoveryEnd,
    "revocation": journal_pb2.Revocation, "rotation": journal_pb2.Rotation,
    "report": report_pb2.Report, "report-minimal": report_pb2.Report,
    "submission": report_pb2.Submission, "submit": message_pb2.ToAggregator,
    "units": plan_pb2.UnitList, "welcome": message_pb2.ToNode,
    "welcome-lost": message_pb2.ToNode,
}
# The eight leaves of the tests of Certificate Transparency, and the roots of its first trees.
CT_LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657",
             "606162636465666768696a6b6c6d6e6f"]
CT_ROOTS = {1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"}
# The example of a signed note in Go's golang.org/x/mod/sumdb/note.
NOTE_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE = ("If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n\n"
        "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqf"
        "qdngotpRZb6KE6RyyBwJnAM=\n")


def golden(name):
    return (pathlib.Path(options.golden) / f"{name}.bin").read_bytes()


def decoded(name):
    return book.decode(TYPES[name](), golden(name))


def tree_root(leaves):
    """RFC 6962, 2.1: written as the definition, unlike the walk in tlog.py."""
    if len(leaves) == 1:
        return tlog.leaf_hash(leaves[0])
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return tlog.node_hash(tree_root(leaves[:k]), tree_root(leaves[k:]))


def tree_path(index, leaves):
    if len(leaves) == 1:
        return []
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if index < k:
        return tree_path(index, leaves[:k]) + [tree_root(leaves[k:])]
    return tree_path(index - k, leaves[k:]) + [tree_root(leaves[:k])]


def vkey(seed=SEED, realm=REALM):
    typed = b"\x01" + bytes(nacl.signing.SigningKey(seed).verify_key)
    key_id = tlog.sha256(realm.encode() + b"\n" + typed)[:4]
    return f"{realm}+{key_id.hex()}+{tlog.b64(typed)}"


def log_key(seed=SEED, realm=REALM):
    return tlog.LogKey.parse(vkey(seed, realm))


def signed_note(text, seed=SEED, realm=REALM):
    key = log_key(seed, realm)
    signature = nacl.signing.SigningKey(seed).sign(text.encode()).signature
    return f"{text}\n\u2014 {key.name} {tlog.b64(key.key_id + signature)}\n"


def receipt(leaf, index, leaves, seed=SEED, realm=REALM):
    path = "".join(tlog.b64(each) + "\n" for each in tree_path(index, leaves))
    checkpoint = f"{realm}\n{len(leaves)}\n{tlog.b64(tree_root(leaves))}\n"
    return (f"c2sp.org/tlog-proof@v1\nextra {tlog.b64(leaf)}\nindex {index}\n{path}\n"
            + signed_note(checkpoint, seed, realm))


def succession(after, following, seed=SEED, realm=REALM):
    return signed_note(f"tonghop log succession v1\n{realm}\n{after}\n{tlog.b64(bytes(32))}\n"
                       f"{following}\n", seed, realm)


class FakeServer(node.Server):
    mode = report_pb2.REHEARSAL

    def __init__(self, curve_key=b""):
        self.realm, self.log_keys, self.curve_key = REALM, tlog.LogKeys(log_key()), curve_key


class Golden(unittest.TestCase):
    def test_every_file_decodes_strictly_to_the_text_beside_it(self):
        names = {each.stem for each in pathlib.Path(options.golden).glob("*.bin")}
        self.assertEqual(names, set(TYPES))
        for name, kind in TYPES.items():
            text = (pathlib.Path(options.golden) / f"{name}.txt").read_text()
            with self.subTest(name):
                self.assertEqual(decoded(name), text_format.Parse(text, kind()))

    def test_what_python_encodes_are_the_golden_bytes(self):
        for name in TYPES:
            with self.subTest(name):
                self.assertEqual(decoded(name).SerializeToString(), golden(name))

    def test_minimal_report_has_the_bytes_and_digest_of_the_document(self):
        report = report_pb2.Report(plan=b"gialai-2025", obligation=b"O-002-2", unit=b"23734",
                                   number=0, revision=1).SerializeToString()
        self.assertEqual(report.hex(), "0a0b6769616c61692d3230323512074f2d3030322d321a0532333733"
                                       "3420002801")
        self.assertEqual(report, golden("report-minimal"))
        self.assertEqual(tlog.sha256(report).hex(),
                         "beb542c44d315266c42f1ef3332378f954ff6a64785ffbf5493c24e9456bc376")

    def test_figures_have_the_bytes_of_the_document(self):
        for part in ("320601028201" "8008", "3a0d0009" "80890f" "8080b4ccd4dfc603",
                     "4203028008", "48dabc02"):
            self.assertIn(bytes.fromhex(part), golden("report"))
        report = decoded("report")
        self.assertEqual(dict(zip(report.indicator, report.value)),
                         {1: 0, 2: -5, 130: 123456, 1024: 10**15})
        self.assertEqual(book.EPOCH + datetime.timedelta(report.estimated_to),
                         datetime.date(2025, 6, 30))

    def test_freezing_the_same_gives_the_golden_submission(self):
        identity = node.Identity("23734")
        identity.sign = nacl.signing.SigningKey(SEED)
        frozen = node.freeze(FakeServer(), identity, b"\x01" * 32,
                             [golden("report"), golden("report-minimal")], 1746784867250,
                             nonce=b"\x09" * 16)
        self.assertEqual(frozen.data, golden("submission"))
        self.assertEqual(frozen.header_digest.hex(),
                         "de8bd8c5a32d3bb90ef4b13d1aba4d42a8efa1c5be765164866a852c331e1a1e")

    def test_signature_of_the_submission_is_by_the_key_of_its_header(self):
        submission = decoded("submission")
        header = book.decode(report_pb2.SubmissionHeader(), submission.header)
        self.assertEqual((len(submission.header), header.key), (192, PUBLIC))
        self.assertEqual([tlog.sha256(each) for each in submission.report],
                         list(header.report_sha256))
        verify = nacl.signing.VerifyKey(header.key).verify
        verify(b"tonghop submission v1\n" + submission.header, submission.signature)
        with self.assertRaises(Exception):
            verify(b"tonghop submission v2\n" + submission.header, submission.signature)

    def test_frames_carry_the_frozen_bytes(self):
        self.assertEqual(decoded("submit").submission, golden("submission"))
        self.assertEqual(decoded("announcement").announcement.content, golden("units"))
        self.assertEqual(decoded("submit").version, 1)

    def test_unit_list_is_read(self):
        units = book.Units(golden("units"))
        self.assertEqual(units.on("23734", 20000).name.decode(), "Phường Phù Đổng")
        self.assertIsNone(units.on("23734", 20270))
        self.assertIsNone(units.on("23734", -6))
        self.assertEqual(book.LEVEL_OF_KIND[units.on("64-snv", 0).kind], book.BODY)

    def test_unknown_field_enum_or_missing_field_refuses(self):
        good = golden("welcome")
        inner = golden("leaf")
        for name, data, kind in [
                ("unknown field", good + b"\xf8\x01\x05", message_pb2.ToNode),
                ("unknown enum", inner.replace(b"\x20\x01", b"\x20\x07", 1), journal_pb2.Leaf),
                ("missing", golden("report-minimal")[:-2], report_pb2.Report),
                ("cut", good[:-1], message_pb2.ToNode)]:
            with self.subTest(name), self.assertRaises(tlog.Wrong):
                book.decode(kind(), data)


class Proofs(unittest.TestCase):
    def test_leaf_hash_is_that_of_the_document(self):
        self.assertEqual(len(golden("leaf")), 209)
        self.assertEqual(tlog.leaf_hash(golden("leaf")).hex(),
                         "4fdac2877fc303fd199223940725b113354935f3967a3d32bc6f854847a94cd8")

    def test_roots_of_certificate_transparency(self):
        leaves = [bytes.fromhex(each) for each in CT_LEAVES]
        for size, root in CT_ROOTS.items():
            for index in range(size):
                walked = tlog.root_of(index, size, leaves[index], tree_path(index, leaves[:size]))
                self.assertEqual(walked.hex(), root)

    def test_every_leaf_of_every_small_tree_is_proved(self):
        leaves = [bytes([each]) for each in range(40)]
        for size in range(1, 41):
            root = tree_root(leaves[:size])
            for index in range(size):
                path = tree_path(index, leaves[:size])
                self.assertEqual(tlog.root_of(index, size, leaves[index], path), root)
                with self.assertRaises(tlog.Wrong):
                    tlog.root_of(index, size, leaves[index], path + [root])
                if path:
                    with self.assertRaises(tlog.Wrong):
                        tlog.root_of(index, size, leaves[index], path[:-1])

    def test_note_of_another_project_is_read(self):
        key = tlog.LogKey.parse(NOTE_KEY)
        self.assertTrue(key.open(NOTE).startswith("If you think"))
        with self.assertRaises(tlog.Wrong):
            key.open(NOTE.replace("answer", "Answer"))
        with self.assertRaises(tlog.Wrong):
            tlog.LogKey.parse(NOTE_KEY.replace("c74f20a3", "c74f20a4"))

    def test_receipt_is_checked_to_the_last_byte(self):
        leaves = [bytes([each & 255, each >> 8]) for each in range(300)] + [golden("leaf")]
        text = receipt(golden("leaf"), 300, leaves)
        leaf, judgement = node.check_receipt(FakeServer(), text.encode(), "23734", b"\x09" * 32,
                                             b"\x01" * 32)
        self.assertEqual((leaf.position, judgement.obligation), (300, b"O-002-2"))
        for at in range(len(text)):
            other = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1:]
            with self.assertRaises(tlog.Wrong, msg=f"changed at {at}: {text[at]!r}"):
                node.check_receipt(FakeServer(), other.encode(), "23734", b"\x09" * 32,
                                   b"\x01" * 32)

    def test_receipt_of_someone_or_something_else_is_no_receipt(self):
        text = receipt(golden("leaf"), 300, [b"x"] * 300 + [golden("leaf")]).encode()
        moved = receipt(golden("leaf"), 299, [b"x"] * 299 + [golden("leaf")]).encode()
        for name, arguments in {
                "unit": (text, "23735", b"\x09" * 32, b"\x01" * 32),
                "header": (text, "23734", b"\x08" * 32, b"\x01" * 32),
                "report": (text, "23734", b"\x09" * 32, b"\x07" * 32),
                "rejected": (text, "23734", b"\x09" * 32, b"\x02" * 32),
                "position": (moved, "23734", b"\x09" * 32, b"\x01" * 32)}.items():
            with self.subTest(name), self.assertRaises(tlog.Wrong):
                node.check_receipt(FakeServer(), *arguments)

    def test_refusal_is_checked(self):
        report = tlog.sha256(b"report")
        text = signed_note(f"tonghop refusal v1\n{REALM}\n{tlog.b64(tlog.sha256(b'header'))}\n"
                           f"{tlog.b64(report)} rejected R01,unit\n{tlog.b64(report)} conflict\n")
        self.assertEqual(tlog.open_refusal(text, log_key()),
                         (tlog.sha256(b"header"),
                          [(report, "rejected", ["R01", "unit"]), (report, "conflict", [])]))
        with self.assertRaises(tlog.Wrong):
            tlog.open_refusal(text.replace("R01,", ""), log_key())


class Keys(unittest.TestCase):
    def told(self):
        return [(each.vkey.decode(), each.after, each.succession.decode())
                for each in decoded("welcome-lost").welcome.log_key]

    def test_welcome_extends_the_history(self):
        server = FakeServer()
        server.extend(decoded("welcome-lost").welcome)
        self.assertEqual(server.realm, REALM_2)
        self.assertEqual(server.log_keys.items, [(log_key(), 0), (log_key(SEED_2), 250),
                                                 (log_key(SEED_3, REALM_2), 300)])
        server.extend(decoded("welcome-lost").welcome)
        self.assertEqual(len(server.log_keys.items), 3)
        with self.assertRaises(tlog.Wrong):
            server.extend(decoded("welcome").welcome)  # has forgotten them

    def test_history_may_begin_with_a_later_key(self):
        keys = tlog.LogKeys(log_key(SEED_2))
        keys.extend(self.told())
        self.assertEqual(keys.items[1:], [(log_key(SEED_3, REALM_2), 300)])
        keys = tlog.LogKeys(log_key(SEED_3, REALM_2))
        keys.extend(self.told())
        self.assertEqual(len(keys.items), 1)

    def test_rules_of_the_key_in_force(self):
        keys = tlog.LogKeys(log_key())
        keys.extend(self.told())
        for origin, size, expected in [(REALM, 1, log_key()), (REALM, 250, log_key()),
                                       (REALM, 251, log_key(SEED_2)),
                                       (REALM, 9999, log_key(SEED_2)),
                                       (REALM_2, 301, log_key(SEED_3, REALM_2))]:
            self.assertEqual(keys.find(origin, size), expected)
        for origin, size in [(REALM, 0), (REALM_2, 300), ("tonghop/65", 5)]:
            with self.subTest(f"{origin} {size}"), self.assertRaises(tlog.Wrong):
                keys.find(origin, size)

    def test_wrong_successions_extend_nothing(self):
        good = self.told()
        by_another = succession(250, vkey(SEED_2), SEED_3)
        for name, told in {
                "without a succession": [(*good[0][:2], "")],
                "by another key": [(*good[0][:2], by_another)],
                "of another log": [(*good[0][:2], succession(250, vkey(SEED_2)).replace(
                    f"v1\n{REALM}\n", f"v1\n{REALM_2}\n"))],
                "another number": [(good[0][0], 251, good[0][2])],
                "another key": [(vkey(SEED_3), 250, good[0][2])],
                "a key twice": [good[0], (vkey(SEED_2), 260, succession(260, vkey(SEED_2), SEED_2))],
                "a rotation that does not go on": [
                    good[0], (vkey(SEED_3), 250, succession(250, vkey(SEED_3), SEED_2))],
                "left one out": [good[1]]}.items():
            keys = tlog.LogKeys(log_key())
            with self.subTest(name), self.assertRaises(tlog.Wrong):
                keys.extend(told)
            self.assertEqual(len(keys.items), 1)

    def test_receipts_of_every_key_and_log_verify(self):
        server = FakeServer()
        server.extend(decoded("welcome-lost").welcome)
        leaves = [b"x"] * 300 + [golden("leaf")]
        arguments = ("23734", b"\x09" * 32, b"\x01" * 32)
        node.check_receipt(server, receipt(leaves[300], 300, leaves, SEED_2).encode(), *arguments)
        with self.assertRaises(tlog.Wrong):  # the first key signs no tree of 301 leaves
            node.check_receipt(server, receipt(leaves[300], 300, leaves).encode(), *arguments)
        leaves = [b"x"] * 304 + [golden("leaf-readmitted")]
        text = receipt(leaves[304], 304, leaves, SEED_3, REALM_2)
        leaf, judgement = node.check_receipt(server, text.encode(), *arguments)
        self.assertEqual((leaf.kind, judgement.received), (journal_pb2.READMITTED, 1746784867250))

    def test_a_receipt_of_what_was_entered_names_a_person_and_no_header(self):
        leaves = [b"x"] * 304 + [golden("leaf-entered")]
        text = receipt(leaves[304], 304, leaves)
        leaf, _ = node.check_receipt(FakeServer(), text.encode(), "23734", None, b"\x01" * 32)
        self.assertEqual(leaf.operator.decode(), "Nguyễn Thị Hoa")
        leaf.kind = journal_pb2.SUBMISSION
        leaves[304] = leaf.SerializeToString()
        with self.assertRaises(tlog.Wrong):
            node.check_receipt(FakeServer(), receipt(leaves[304], 304, leaves).encode(), "23734",
                               None, b"\x01" * 32)

    def test_what_was_lost_is_shown_in_the_order_of_positions(self):
        server = FakeServer()
        welcome = decoded("welcome-lost").welcome
        server.extend(welcome)

        def held(index, header=b"\x09" * 32, size=310):
            leaf = decoded("leaf")
            leaf.position = index
            leaves = [b"x"] * size
            leaves[index] = leaf.SerializeToString()
            frozen = node.Frozen("23734", b"%d" % index, header, [])
            return frozen, receipt(leaves[index], index, leaves, SEED_2).encode()

        late, first, before = held(309), held(300), held(299)
        foreign = held(305, header=b"\x08" * 32)
        leaves = [b"x"] * 304 + [golden("leaf-readmitted")]
        again = (node.Frozen("23734", b"again", b"\x09" * 32, []),
                 receipt(leaves[304], 304, leaves, SEED_3, REALM_2).encode())
        self.assertEqual(node.find_lost(server, welcome, [late, before, again, foreign, first]),
                         [first, late])
        self.assertEqual(node.find_lost(server, decoded("welcome").welcome, [late]), [])

    def test_a_readmission_carries_the_frozen_bytes(self):
        self.assertEqual(decoded("readmit").readmission.submission, golden("submission"))
        self.assertEqual(decoded("readmit").readmission, decoded("readmission"))


class Own(unittest.TestCase):
    def test_node_pub_proves_both_secrets(self):
        secret = nacl.public.PrivateKey.generate()
        server = FakeServer(bytes(secret.public_key))
        identity = node.Identity("23734")
        fields = dict(line.split(": ", 1) for line in identity.node_pub(server).splitlines())
        value = {key: tlog.unb64(fields[key].strip('"'))
                 for key in ("sign_key", "curve_key", "signature", "box")}
        claim = (b"tonghop node v1\n" + REALM.encode() + b"\n23734\n" + value["sign_key"]
                 + value["curve_key"])
        nacl.signing.VerifyKey(value["sign_key"]).verify(claim, value["signature"])
        box = nacl.public.Box(secret, nacl.public.PublicKey(value["curve_key"]))
        self.assertEqual(len(value["box"]), 24 + 48)
        self.assertEqual(box.decrypt(value["box"]), value["sign_key"])

    def test_server_yaml_lines_are_read(self):
        self.assertEqual(node.read_fields('# c\nmode: live   # or\n\na: "b: # c"  # d\n'
                                          'p: ["x", "y"]\nn: []\nq:\n  - "x"\n  - y # d\n'),
                         {"mode": "live", "a": "b: # c", "p": ["x", "y"], "n": [],
                          "q": ["x", "y"]})
        for bad in ("mode live", "a: 1\na: 2", 'a: "b" c', "a: 1\n  - b", '  - b', 'a: "b'):
            with self.subTest(bad), self.assertRaises(tlog.Wrong):
                node.read_fields(bad)

    def test_texts_are_nfc_without_controls(self):
        self.assertEqual(book.as_text("Xa\u0303"), "Xã".encode())
        self.assertEqual(book.as_text("a\nb", lines=True), b"a\nb")
        for bad in ("a\nb", "\x7f", "\u0085", "\u061c", "\u200e", "\u200f", "\u202a", "\u202e",
                    "\u2066", "\u2069"):
            with self.subTest(repr(bad)), self.assertRaises(tlog.Wrong):
                book.as_text(bad)

    def test_comparisons_run_only_when_every_term_is_there(self):
        self.assertTrue(book.holds("5*A1 <= B2 + 3", {"A1": 2, "B2": 7}))
        self.assertFalse(book.holds("5*A1 <= B2 + 3", {"A1": 3, "B2": 7}))
        self.assertIsNone(book.holds("A1 == B2 + C3", {"A1": 3, "B2": 7}))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *rest])
