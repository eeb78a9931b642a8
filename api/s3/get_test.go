package s3

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

const lyric = "0123456789"

func TestARangeIsAnsweredOrIgnored(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket/key", lyric).want(200, "")
	for _, test := range []struct {
		header       string
		status       int
		body         string
		contentRange string
	}{
		{"bytes=2-4", 206, "234", "bytes 2-4/10"},
		{"bytes=7-", 206, "789", "bytes 7-9/10"},
		{"bytes=-3", 206, "789", "bytes 7-9/10"},
		{"bytes=-99", 206, lyric, "bytes 0-9/10"},
		{"bytes=0-99999999999999999999", 206, lyric, "bytes 0-9/10"},
		{"BYTES=0-0", 206, "0", "bytes 0-0/10"},
		{"bytes=10-", 416, "", ""},
		{"bytes=-0", 416, "", ""},
		{"bytes=99999999999999999999-", 416, "", ""},
		{"bytes=4-2", 200, lyric, ""},
		{"bytes=0-1,3-4", 200, lyric, ""},
		{"bytes=-", 200, lyric, ""},
		{"bytes=a-b", 200, lyric, ""},
		{"bytes=+1-2", 200, lyric, ""},
		{"bytes", 200, lyric, ""},
		{"lines=1-2", 200, lyric, ""},
	} {
		a := s.do("GET", "/bucket/key", "", "Range: "+test.header)
		if a.status != test.status || test.status != 416 && a.body != test.body || a.header.Get("Content-Range") != test.contentRange {
			t.Errorf("%s: got %d %q, Content-Range %q", test.header, a.status, a.body, a.header.Get("Content-Range"))
		}
		head := s.do("HEAD", "/bucket/key", "", "Range: "+test.header)
		if head.status != test.status || head.status != 416 && head.header.Get("Content-Length") != a.header.Get("Content-Length") {
			t.Errorf("%s: HEAD got %d, Content-Length %s", test.header, head.status, head.header.Get("Content-Length"))
		}
	}
	s.do("GET", "/bucket/key", "", "Range: bytes=10-").want(416, "InvalidRange")
	s.do("GET", "/bucket/key", "", "Range: bytes=1-2", `If-Range: "other"`).want(200, "")
	s.do("GET", "/bucket/key", "", "Range: bytes=1-2", `If-Range: "781e5e245d69b566979b86e28d23f2c7"`).want(206, "")
	s.do("GET", "/bucket/key", "", "Range: bytes=1-2", `If-Range: W/"781e5e245d69b566979b86e28d23f2c7"`).want(200, "")
	s.do("GET", "/bucket/key?versionId=null", "").want(200, "")
	for _, method := range []string{"GET", "DELETE"} {
		a := s.do(method, "/bucket/key?versionId=", "").want(400, "InvalidArgument")
		if a.element("ArgumentName") != "versionId" {
			t.Errorf("body %s", a.body)
		}
	}
	s.do("GET", "/bucket/key?partNumber=1", "", "Range: bytes=1-2").want(400, "InvalidRequest")
	s.do("GET", "/bucket/key?partNumber=0", "").want(400, "InvalidArgument")
	s.do("GET", "/bucket/key?partNumber=1", "").want(206, "")
	s.do("GET", "/bucket/key?partNumber=2", "").want(416, "InvalidPartNumber")
}

func TestConditionsOfReads(t *testing.T) {
	s := newBucket(t, "bucket")
	put := s.do("PUT", "/bucket/key", lyric, "Cache-Control: no-cache").want(200, "")
	etag := put.header.Get("ETag")
	now := time.Now().UTC()
	past, future := now.Add(-time.Hour).Format(http.TimeFormat), now.Add(time.Hour).Format(http.TimeFormat)
	for _, test := range []struct {
		headers []string
		status  int
	}{
		{[]string{"If-Match: " + etag}, 200},
		{[]string{"If-Match: *"}, 200},
		{[]string{`If-Match: "a"`, "If-Match: " + etag}, 200},
		{[]string{`If-Match: "a"`}, 412},
		{[]string{"If-None-Match: " + etag}, 304},
		{[]string{`If-None-Match: "a"`}, 200},
		{[]string{`If-None-Match: "a", W/` + etag}, 304},
		{[]string{"If-Match: W/" + etag}, 412},
		{[]string{"If-Modified-Since: " + past}, 200},
		{[]string{"If-Modified-Since: " + future}, 304},
		{[]string{"If-Unmodified-Since: " + past}, 412},
		{[]string{"If-Unmodified-Since: " + future}, 200},
		{[]string{"If-Match: " + etag, "If-Unmodified-Since: " + past}, 200},
		{[]string{"If-None-Match: " + etag, "If-Modified-Since: " + past}, 304},
		{[]string{"If-Modified-Since: yesterday"}, 200},
	} {
		a := s.do("GET", "/bucket/key", "", test.headers...)
		if a.status != test.status {
			t.Errorf("%v: got %d, want %d", test.headers, a.status, test.status)
		}
		if a.status != 304 {
			continue
		}
		if a.body != "" || a.header.Get("ETag") != etag || a.header.Get("Last-Modified") == "" || a.header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%v: 304 with %v %q", test.headers, a.header, a.body)
		}
	}
}

func TestAnObjectComesBackWithItsAttributes(t *testing.T) {
	s := newBucket(t, "bucket")
	headers := []string{
		"Content-Type: text/plain; charset=utf-8", "Content-Encoding: gzip", "Content-Language: en", "Cache-Control: max-age=1",
		"Content-Disposition: attachment", "Expires: never", "X-Amz-Meta-Some-Name: Größe", "X-Amz-Storage-Class: STANDARD_IA",
		"X-Amz-Website-Redirect-Location: /other",
	}
	s.do("PUT", "/bucket/key", lyric, append(headers, "X-Amz-Tagging: a=1&b=2")...).want(200, "")
	for _, method := range []string{"GET", "HEAD"} {
		a := s.do(method, "/bucket/key", "").want(200, "")
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			if got := a.header.Get(name); got != value {
				t.Errorf("%s: %s is %q, want %q", method, name, got, value)
			}
		}
		for name, value := range map[string]string{
			"X-Amz-Tagging-Count": "2", "Accept-Ranges": "bytes", "Content-Length": "10", "ETag": `"781e5e245d69b566979b86e28d23f2c7"`,
			"X-Amz-Checksum-Crc64nvme": "", "X-Amz-Version-Id": "",
		} {
			if got := a.header.Get(name); got != value {
				t.Errorf("%s: %s is %q, want %q", method, name, got, value)
			}
		}
		if modified, err := http.ParseTime(a.header.Get("Last-Modified")); err != nil || time.Since(modified) > time.Minute {
			t.Errorf("Last-Modified: %v, %v", modified, err)
		}
	}
}

func TestAnObjectWithoutAttributesHasTheUsualOnes(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket/key", "", "X-Amz-Storage-Class: STANDARD").want(200, "")
	a := s.do("GET", "/bucket/key", "").want(200, "")
	if a.header.Get("Content-Type") != "binary/octet-stream" || a.header.Get("X-Amz-Storage-Class") != "" || a.header.Get("Content-Length") != "0" {
		t.Errorf("headers %v", a.header)
	}
}

func TestChecksumsComeWhenAskedForTheWhole(t *testing.T) {
	s := newBucket(t, "bucket")
	sum := crc32Base64(lyric)
	s.do("PUT", "/bucket/key", lyric, "X-Amz-Checksum-Crc32: "+sum).want(200, "")
	mode := "X-Amz-Checksum-Mode: ENABLED"
	a := s.do("GET", "/bucket/key", "", mode).want(200, "")
	if a.header.Get("X-Amz-Checksum-Crc32") != sum || a.header.Get("X-Amz-Checksum-Type") != "FULL_OBJECT" {
		t.Errorf("headers %v", a.header)
	}
	a = s.do("GET", "/bucket/key", "", mode, "Range: bytes=1-2").want(206, "")
	if a.header.Get("X-Amz-Checksum-Crc32") != "" || a.header.Get("X-Amz-Checksum-Type") != "" {
		t.Errorf("headers of a range: %v", a.header)
	}
}

func TestSignedReadersReplaceHeaders(t *testing.T) {
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket/key", lyric, "Content-Type: text/plain").want(200, "")
	query := "?response-content-type=a%2Fb&response-content-disposition=inline&response-expires=now" +
		"&response-cache-control=c&response-content-language=l&response-content-encoding=e"
	for _, method := range []string{"GET", "HEAD"} {
		a := s.do(method, "/bucket/key"+query, "").want(200, "")
		for name, value := range map[string]string{
			"Content-Type": "a/b", "Content-Disposition": "inline", "Expires": "now", "Cache-Control": "c",
			"Content-Language": "l", "Content-Encoding": "e",
		} {
			if got := a.header.Get(name); got != value {
				t.Errorf("%s: %s is %q, want %q", method, name, got, value)
			}
		}
	}
	s.send(s.request("GET", "/bucket/key"+query, "")).want(400, "InvalidRequest")
	s.send(s.request("GET", "/bucket/key", "")).want(403, "AccessDenied")
}

func FuzzRange(f *testing.F) {
	for _, seed := range []string{"bytes=0-1", "bytes=-5", "bytes=5-", "bytes=0-1,2-3", "bytes=99999999999999999999-", "x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		r := parseRange(header)
		if r == nil {
			return
		}
		if r.First < -1 || r.Last < -1 || r.First < 0 && r.Last < 0 || r.First >= 0 && r.Last >= 0 && r.Last < r.First {
			t.Errorf("%q: %+v", header, *r)
		}
	})
}
