package e2e

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// randomCalls makes random calls in a bucket that keeps versions.
type randomCalls struct {
	*testing.T
	*rand.Rand
	c       *s3.Client
	bucket  string
	uploads []*upload
}

// keyPieces make keys that lie close to each other, in every order that an engine may take for that of bytes.
var keyPieces = []string{"a", "b", "/", "//", "-", "é", "😀", "\ufb01", " ", "+", "%", strings.Repeat("k", 200)}

func (r *randomCalls) text(most int) (text string) {
	for range r.IntN(most + 1) {
		text += keyPieces[r.IntN(len(keyPieces))]
	}
	return text
}

func (r *randomCalls) key() string { return "k" + r.text(4) }

// change makes a random change. That there is nothing to change is no failure.
func (r *randomCalls) change() {
	r.Helper()
	key := r.key()
	switch r.IntN(10) {
	case 0:
		r.uploads = append(r.uploads, newUpload(r, r.c, r.bucket, key))
	case 1, 2:
		if len(r.uploads) > 0 {
			u := r.uploads[r.IntN(len(r.uploads))]
			u.mustPart(int32(1+r.IntN(20)), randomBytes(10))
		}
	case 3:
		if n := len(r.uploads); n > 3 {
			u := r.uploads[n-1]
			r.uploads = r.uploads[:n-1]
			if r.IntN(2) == 0 {
				r.check(u.abort())
				break
			}
			_, err := u.complete(u.mustPart(7, randomBytes(10)))
			r.check(err)
		}
	case 4:
		_, err := r.c.DeleteObject(r.Context(), &s3.DeleteObjectInput{Bucket: &r.bucket, Key: &key})
		r.check(err)
	case 5:
		status := types.BucketVersioningStatusEnabled
		if r.IntN(2) == 0 {
			status = types.BucketVersioningStatusSuspended
		}
		setVersioning(r, r.c, r.bucket, status)
	default:
		put(r, r.c, r.bucket, key, randomBytes(1+r.IntN(20)))
	}
}

func (r *randomCalls) check(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// question is a list that every engine must answer alike.
type question struct {
	Prefix, Delimiter, After string
	PageSize                 int32
}

func (r *randomCalls) question() question {
	return question{
		Prefix: r.text(2), Delimiter: []string{"", "/", "a", "😀"}[r.IntN(4)], After: r.text(2), PageSize: []int32{1, 3, 7, 1000}[r.IntN(4)],
	}
}

// answer is all that a question gives, page by page: pages may end anywhere.
func (r *randomCalls) answer(q question) (answer []string) {
	r.Helper()
	note := func(format string, args ...any) { answer = append(answer, fmt.Sprintf(format, args...)) }
	objects := s3.NewListObjectsV2Paginator(r.c, &s3.ListObjectsV2Input{
		Bucket: &r.bucket, Prefix: &q.Prefix, Delimiter: &q.Delimiter, StartAfter: &q.After, MaxKeys: &q.PageSize,
	})
	for objects.HasMorePages() {
		page, err := objects.NextPage(r.Context())
		r.check(err)
		for _, o := range page.Contents {
			note("object %q %d %s %v", *o.Key, *o.Size, *o.ETag, *o.LastModified)
		}
		for _, p := range page.CommonPrefixes {
			note("objects under %q", *p.Prefix)
		}
	}
	versions := s3.NewListObjectVersionsPaginator(r.c, &s3.ListObjectVersionsInput{Bucket: &r.bucket, Prefix: &q.Prefix, Delimiter: &q.Delimiter, MaxKeys: &q.PageSize})
	for versions.HasMorePages() {
		page, err := versions.NextPage(r.Context())
		r.check(err)
		for _, v := range page.Versions {
			note("version %q %s %t %s", *v.Key, *v.VersionId, *v.IsLatest, *v.ETag)
		}
		for _, m := range page.DeleteMarkers {
			note("marker %q %s %t", *m.Key, *m.VersionId, *m.IsLatest)
		}
		for _, p := range page.CommonPrefixes {
			note("versions under %q", *p.Prefix)
		}
	}
	uploads := s3.NewListMultipartUploadsPaginator(r.c, &s3.ListMultipartUploadsInput{Bucket: &r.bucket, Prefix: &q.Prefix, Delimiter: &q.Delimiter, MaxUploads: &q.PageSize})
	for uploads.HasMorePages() {
		page, err := uploads.NextPage(r.Context())
		r.check(err)
		for _, u := range page.Uploads {
			note("upload %q %s", *u.Key, *u.UploadId)
		}
		for _, p := range page.CommonPrefixes {
			note("uploads under %q", *p.Prefix)
		}
	}
	for _, u := range r.uploads {
		parts := s3.NewListPartsPaginator(r.c, &s3.ListPartsInput{Bucket: &r.bucket, Key: &u.key, UploadId: u.id, MaxParts: &q.PageSize})
		for parts.HasMorePages() {
			page, err := parts.NextPage(r.Context())
			r.check(err)
			for _, p := range page.Parts {
				note("part %s %d %s", *u.id, *p.PartNumber, *p.ETag)
			}
		}
	}
	return answer
}

// Every engine gives the same answers after the same random calls, whichever of them served while they were made.
func TestEnginesAnswerAlike(t *testing.T) {
	t.Parallel()
	engines := startEngines(t)
	dir := t.TempDir()
	names := []string{"memory"}
	var env []string
	for _, e := range engines {
		env = append(env, e.at(dir)...)
		names = append(names, e.name)
	}
	s := startServer(t, options{dir: dir, env: append(env, "BLEEPSTORE_PROJECTIONS="+strings.Join(names, ","))})
	names = append(names, "pebble")

	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := &randomCalls{T: t, Rand: rand.New(rand.NewPCG(seed, 0)), c: s.client()}
	r.bucket = newBucket(t, r.c)
	for range rounds(3, 50) {
		for range 80 {
			r.change()
		}
		questions := make([]question, 10)
		var wanted [][]string
		for i := range questions {
			questions[i] = r.question()
			wanted = append(wanted, r.answer(questions[i]))
		}
		for _, name := range names {
			s.takeOver(t, name)
			for i, q := range questions {
				if got := r.answer(q); !reflect.DeepEqual(got, wanted[i]) {
					t.Fatalf("%s answers %+v with\n%s\nand the engine before\n%s", name, q, strings.Join(got, "\n"), strings.Join(wanted[i], "\n"))
				}
			}
		}
		s.takeOver(t, names[r.IntN(len(names))]) // serves during the next calls
	}
}
