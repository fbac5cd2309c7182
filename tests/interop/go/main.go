// SPDX-License-Identifier: Apache-2.0

// The lines of tests/interop/tlog_lines.c, made and checked with golang.org/x/mod/sumdb.
package main

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	sizeMax = 2000
	small   = 64
	some    = 3
)

type tree struct {
	hashes []tlog.Hash
	roots  [sizeMax + 1]tlog.Hash
}

func (t *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var read []tlog.Hash
	for _, i := range indexes {
		read = append(read, t.hashes[i])
	}
	return read, nil
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "interop go:", err)
		os.Exit(1)
	}
}

func leaf(i int64) []byte { return []byte(fmt.Sprintf("leaf %d", i)) }

func growTree() *tree {
	t := &tree{}
	t.roots[0] = sha256.Sum256(nil) // the library has no root for no leaves; RFC 6962 has
	for i := int64(0); i < sizeMax; i++ {
		hashes, err := tlog.StoredHashes(i, leaf(i), t)
		must(err)
		t.hashes = append(t.hashes, hashes...)
		t.roots[i+1], err = tlog.TreeHash(i+1, t)
		must(err)
	}
	return t
}

// The key of a witness (C2SP tlog-cosignature), which the library does not know.
type witness struct {
	name    string
	hash    uint32
	public  ed25519.PublicKey
	private ed25519.PrivateKey
	time    uint64 // to sign with, or the one that was seen
}

func newWitness(name string, public ed25519.PublicKey) *witness {
	sum := sha256.Sum256(append([]byte(name+"\n\x04"), public...))
	return &witness{name: name, hash: binary.BigEndian.Uint32(sum[:]), public: public}
}

func (w *witness) Name() string    { return w.name }
func (w *witness) KeyHash() uint32 { return w.hash }

func message(time uint64, text []byte) []byte {
	return append([]byte(fmt.Sprintf("cosignature/v1\ntime %d\n", time)), text...)
}

func (w *witness) Verify(text, signature []byte) bool {
	if len(signature) != 72 {
		return false
	}
	w.time = binary.BigEndian.Uint64(signature)
	return ed25519.Verify(w.public, message(w.time, text), signature[8:])
}

func (w *witness) Sign(text []byte) ([]byte, error) {
	signature := make([]byte, 8)
	binary.BigEndian.PutUint64(signature, w.time)
	return append(signature, ed25519.Sign(w.private, message(w.time, text))...), nil
}

func parseWitness(vkey string) (*witness, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("not a vkey")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != 4 {
		return nil, errors.New("not a witness's vkey")
	}
	w := newWitness(parts[0], key[1:])
	if fmt.Sprintf("%08x", w.hash) != parts[1] {
		return nil, errors.New("a wrong key id")
	}
	return w, nil
}

// The proof, and for some also one with a wrong bit.
func putProof(out *bufio.Writer, kind string, a, b int64, proof []tlog.Hash) {
	alsoWrong := len(proof) > 0 && (a+b)%5 == 0
	for wrong := 0; wrong == 0 || wrong == 1 && alsoWrong; wrong++ {
		if wrong == 1 {
			proof[a%int64(len(proof))][b%32] ^= 1 << (a % 8)
			out.WriteByte('!')
		}
		fmt.Fprintf(out, "%s %d %d", kind, a, b)
		for _, hash := range proof {
			fmt.Fprintf(out, " %s", hash)
		}
		out.WriteByte('\n')
	}
}

func make_(t *tree) {
	out := bufio.NewWriter(os.Stdout)
	skey, vkey, err := note.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{7}, 64)), "go.example/log")
	must(err)
	signer, err := note.NewSigner(skey)
	must(err)
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, 32))
	w := newWitness("go.example/w1", private.Public().(ed25519.PublicKey))
	w.private = private
	fmt.Fprintf(out, "key %s\nwitness %s+%08x+%s\n", vkey, w.name, w.hash,
		base64.StdEncoding.EncodeToString(append([]byte{4}, w.public...)))
	for size := int64(0); size <= sizeMax; size++ {
		fmt.Fprintf(out, "root %d %s\n", size, t.roots[size])
		count := int64(some)
		if size <= small {
			count = size
		}
		for i := int64(0); i < count; i++ {
			index := i
			if size > small {
				index = (size*37 + i*1013) % size
			}
			inclusion, err := tlog.ProveRecord(size, index, t)
			must(err)
			putProof(out, "inclusion", index, size, inclusion)
			growth, err := tlog.ProveTree(size, index+1, t)
			must(err)
			putProof(out, "consistency", index+1, size, growth)
		}
		signers := []note.Signer{signer}
		w.time = 0
		if size%2 == 1 {
			w.time = uint64(1746700000 + size)
			signers = append(signers, w)
		}
		text := tlog.FormatTree(tlog.Tree{N: size, Hash: t.roots[size]})
		signed, err := note.Sign(&note.Note{Text: string(text)}, signers...)
		must(err)
		fmt.Fprintf(out, "note %d %d %s\n", size, w.time, base64.StdEncoding.EncodeToString(signed))
		signed[size%int64(len(signed))] ^= 1
		fmt.Fprintf(out, "!note %d %d %s\n", size, w.time, base64.StdEncoding.EncodeToString(signed))
	}
	must(out.Flush())
}

type told struct {
	key          note.Verifier
	witness      *witness
	right, wrong int
}

func (d *told) decideNote(t *tree, size int64, words []string) error {
	time, err := strconv.ParseUint(words[2], 10, 63)
	must(err)
	signed, err := base64.StdEncoding.DecodeString(words[3])
	must(err)
	known := []note.Verifier{d.key}
	if time != 0 {
		known = append(known, d.witness)
	}
	opened, err := note.Open(signed, note.VerifierList(known...))
	if err != nil {
		return err
	}
	if len(opened.Sigs) != len(known) || time != 0 && d.witness.time != time {
		return errors.New("not everybody has signed")
	}
	head, err := tlog.ParseTree([]byte(opened.Text))
	if err == nil && (head.N != size || head.Hash != t.roots[size]) {
		err = errors.New("another tree")
	}
	return err
}

func (d *told) decide(t *tree, words []string) (err error) {
	switch words[0] {
	case "key":
		d.key, err = note.NewVerifier(words[1])
		return err
	case "witness":
		d.witness, err = parseWitness(words[1])
		return err
	}
	a, err := strconv.ParseInt(words[1], 10, 64)
	must(err)
	switch words[0] {
	case "root":
		if words[2] != t.roots[a].String() {
			return errors.New("another root")
		}
		return nil
	case "note":
		return d.decideNote(t, a, words)
	}
	b, err := strconv.ParseInt(words[2], 10, 64)
	must(err)
	var proof []tlog.Hash
	for _, word := range words[3:] {
		hash, err := tlog.ParseHash(word)
		must(err)
		proof = append(proof, hash)
	}
	switch words[0] {
	case "inclusion":
		return tlog.CheckRecord(proof, b, t.roots[b], a, tlog.RecordHash(leaf(a)))
	case "consistency":
		return tlog.CheckTree(proof, b, t.roots[b], a, t.roots[a])
	}
	must(errors.New("an unknown line"))
	return nil
}

func check(t *tree) {
	d := &told{}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		line := lines.Text()
		isWrong := strings.HasPrefix(line, "!")
		err := d.decide(t, strings.Split(strings.TrimPrefix(line, "!"), " "))
		if (err != nil) != isWrong {
			must(fmt.Errorf("%s: %v", line, err))
		}
		if isWrong {
			d.wrong++
		} else {
			d.right++
		}
	}
	must(lines.Err())
	fmt.Printf("%d lines hold, %d are refused\n", d.right, d.wrong)
	if d.right < 18000 || d.wrong < 4000 {
		must(errors.New("too few lines"))
	}
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "make" {
		make_(growTree())
	} else if len(os.Args) == 2 && os.Args[1] == "check" {
		check(growTree())
	} else {
		must(errors.New("make or check"))
	}
}
