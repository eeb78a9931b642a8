package sigv4

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
)

// The examples of Amazon's documentation, with the signatures that are printed there.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
func TestDocumentedRequests(t *testing.T) {
	authorization := func(signedHeaders, signature string) string {
		return "Authorization: AWS4-HMAC-SHA256 Credential=" + exampleKey + "/" + exampleScope +
			",SignedHeaders=" + signedHeaders + ",Signature=" + signature
	}
	for name, lines := range map[string][]string{
		"get object": {
			"GET /test.txt HTTP/1.1",
			"Range: bytes=0-9",
			"x-amz-content-sha256: " + emptySHA256,
			"x-amz-date: 20130524T000000Z",
			authorization("host;range;x-amz-content-sha256;x-amz-date", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
		},
		"put object": {
			"PUT /test$file.text HTTP/1.1",
			"Date: Fri, 24 May 2013 00:00:00 GMT",
			"x-amz-date: 20130524T000000Z",
			"x-amz-storage-class: REDUCED_REDUNDANCY",
			"x-amz-content-sha256: 44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
			"Content-Length: 21",
			authorization("date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
		},
		"get bucket lifecycle": {
			"GET /?lifecycle HTTP/1.1",
			"x-amz-date: 20130524T000000Z",
			"x-amz-content-sha256: " + emptySHA256,
			authorization("host;x-amz-content-sha256;x-amz-date", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
		},
		"list objects": {
			"GET /?max-keys=2&prefix=J HTTP/1.1",
			"x-amz-date: 20130524T000000Z",
			"x-amz-content-sha256: " + emptySHA256,
			authorization("host;x-amz-content-sha256;x-amz-date", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
		},
		"presigned get": {
			"GET /test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request" +
				"&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host" +
				"&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404 HTTP/1.1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var body string
			if strings.HasPrefix(lines[0], "PUT") {
				body = "Welcome to Amazon S3."
			}
			wire := strings.Join(append(lines, "Host: examplebucket.s3.amazonaws.com", "", body), "\r\n")
			verified := verify(t, received(t, strings.NewReader(wire)))
			if verified.AccessKey != exampleKey {
				t.Errorf("AccessKey is %q", verified.AccessKey)
			}
			if got, err := io.ReadAll(verified.Body); err != nil || string(got) != body {
				t.Errorf("Body is %q, %v", got, err)
			}
		})
	}
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
func TestDocumentedChunks(t *testing.T) {
	for name, example := range map[string]struct {
		sha256        string
		signedHeaders string
		seed          string
		chunks        [3]string
		trailer       string
		checksum      string
	}{
		"signed chunks": {
			sha256:        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
			signedHeaders: "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class",
			seed:          "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
			chunks: [3]string{
				"ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
				"0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
				"b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
			},
		},
		"signed chunks and trailer": {
			sha256: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
			// The signature is of these; the Authorization header printed with it lists others.
			signedHeaders: "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer",
			seed:          "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
			chunks: [3]string{
				"b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
				"1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
				"2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
			},
			trailer:  "x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n",
			checksum: "sOO8/Q==",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var body bytes.Buffer
			for i, size := range []int{65536, 1024, 0} {
				fmt.Fprintf(&body, "%x;chunk-signature=%s\r\n", size, example.chunks[i])
				if size > 0 {
					body.WriteString(strings.Repeat("a", size) + "\r\n")
				}
			}
			body.WriteString(example.trailer + "\r\n")

			lines := []string{
				"PUT /examplebucket/chunkObject.txt HTTP/1.1",
				"Host: s3.amazonaws.com",
				"x-amz-date: 20130524T000000Z",
				"x-amz-storage-class: REDUCED_REDUNDANCY",
				"Authorization: AWS4-HMAC-SHA256 Credential=" + exampleKey + "/" + exampleScope + ", SignedHeaders=" + example.signedHeaders + ", Signature=" + example.seed,
				"x-amz-content-sha256: " + example.sha256,
				"Content-Encoding: aws-chunked",
				"x-amz-decoded-content-length: 66560",
				fmt.Sprint("Content-Length: ", body.Len()),
			}
			if example.trailer != "" {
				lines = append(lines, "x-amz-trailer: x-amz-checksum-crc32c")
			}
			wire := strings.Join(append(lines, "", body.String()), "\r\n")
			verified := verify(t, received(t, strings.NewReader(wire)))
			if !verified.Chunked || verified.Length != 66560 {
				t.Errorf("Chunked is %v, Length %d", verified.Chunked, verified.Length)
			}
			if got, err := io.ReadAll(verified.Body); err != nil || string(got) != strings.Repeat("a", 66560) {
				t.Errorf("Body has %d bytes, %v", len(got), err)
			}
			if got := verified.Trailer().Get("x-amz-checksum-crc32c"); got != example.checksum {
				t.Errorf("the trailer's checksum is %q", got)
			}
		})
	}
}
