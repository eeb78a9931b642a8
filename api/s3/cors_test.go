package s3

import (
	"net/http"
	"strings"
	"testing"
)

const testCORS = `<CORSConfiguration xmlns="` + namespace + `">
	<CORSRule>
		<ID>site</ID>
		<AllowedOrigin>https://*.example.com</AllowedOrigin>
		<AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod>
		<AllowedHeader>x-amz-*</AllowedHeader><AllowedHeader>Content-Type</AllowedHeader>
		<ExposeHeader>ETag</ExposeHeader><ExposeHeader>x-amz-version-id</ExposeHeader>
		<MaxAgeSeconds>600</MaxAgeSeconds>
	</CORSRule>
	<CORSRule><AllowedMethod>HEAD</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule>
</CORSConfiguration>`

// newCORS starts a server with a bucket that has rules and an object "key".
func newCORS(t *testing.T) *testServer {
	t.Helper()
	s := newBucket(t, "bucket")
	s.do("PUT", "/bucket?cors", testCORS).want(200, "")
	s.do("PUT", "/bucket/key", "content").want(200, "")
	return s
}

// corsHeaders are those of an answer, "Name: value" without the common beginning, in a fixed order.
func (a *answer) corsHeaders() string {
	var all []string
	for _, name := range []string{"Allow-Origin", "Allow-Credentials", "Allow-Methods", "Allow-Headers", "Expose-Headers", "Max-Age"} {
		if values := a.header["Access-Control-"+name]; len(values) > 0 {
			all = append(all, name+": "+strings.Join(values, "|"))
		}
	}
	if vary := a.header.Get("Vary"); (vary == "Origin, Access-Control-Request-Headers, Access-Control-Request-Method") != (len(all) > 0) {
		a.t.Errorf("%s: Vary is %q beside %q", a.what, vary, all)
	}
	return strings.Join(all, "; ")
}

const (
	siteHeaders = "Allow-Origin: https://www.example.com; Allow-Credentials: true; Allow-Methods: GET, PUT; " +
		"Expose-Headers: ETag, x-amz-version-id; Max-Age: 600"
	siteHeadersAsked = "Allow-Origin: https://www.example.com; Allow-Credentials: true; Allow-Methods: GET, PUT; " +
		"Allow-Headers: x-amz-date, content-type; Expose-Headers: ETag, x-amz-version-id; Max-Age: 600"
	everybodysHeaders = "Allow-Origin: *; Allow-Methods: HEAD"
)

// fromPage makes the headers of a request that a page makes, or asks whether it may make.
func fromPage(origin, method, headers string) (all []string) {
	for name, value := range map[string]string{
		"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers,
	} {
		if value != "" {
			all = append(all, name+": "+value)
		}
	}
	return all
}

func TestPreflights(t *testing.T) {
	s := newCORS(t)
	s.do("PUT", "/closed", "").want(200, "")
	const site = "https://www.example.com"
	for _, test := range []struct {
		target, origin, method, headers string
		status                          int
		want                            string // the headers, or the beginning of the message
	}{
		{"/bucket", site, "GET", "", 200, siteHeaders},
		{"/bucket/key", site, "PUT", "X-Amz-Date,  content-type", 200, siteHeadersAsked},
		{"/bucket/missing?uploads&versionId=", site, "PUT", "", 200, siteHeaders},
		{"/bucket/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0", site, "GET", "", 200, siteHeaders},
		{"/bucket?acl&cors", "null", "HEAD", "", 200, everybodysHeaders},
		{"/bucket/key", site, "DELETE", "", 403, "CORSResponse: This CORS request is not allowed. This is usually"},
		{"/bucket/key", site, "GET", "authorization", 403, "CORSResponse: This CORS request is not allowed."},
		{"/bucket/key", "https://example.com.evil", "GET", "", 403, "CORSResponse: This CORS request is not allowed."},
		{"/closed/key", site, "GET", "", 403, "CORSResponse: CORS is not enabled for this bucket."},
		{"/closed/key", site, "", "", 403, "CORSResponse: CORS is not enabled for this bucket."},
		{"/missing/key", site, "GET", "", 403, "CORSResponse: Bucket not found"},
		{"/bucket/key", "", "GET", "", 400, "Insufficient information. Origin request header needed."},
		{"/bucket/key", site, "", "", 400, "Invalid Access-Control-Request-Method: null"},
		{"/bucket/key", site, "PATCH", "", 400, "Invalid Access-Control-Request-Method: PATCH"},
	} {
		a := s.send(s.request("OPTIONS", test.target, "", fromPage(test.origin, test.method, test.headers)...)).want(test.status, "")
		if got := a.corsHeaders(); test.status == 200 && (got != test.want || a.body != "") || test.status != 200 && got != "" {
			t.Errorf("%+v: got %q %s", test, got, a.body)
		}
		if test.status != 200 && !strings.HasPrefix(a.element("Message"), test.want) {
			t.Errorf("%+v: got %s", test, a.body)
		}
	}
	a := s.send(s.request("OPTIONS", "/closed", "", fromPage(site, "", "")...)).want(403, "AccessForbidden")
	if a.element("Method") != "OPTIONS" || a.element("ResourceType") != "BUCKET" {
		t.Errorf("body %s", a.body)
	}
	a = s.send(s.request("OPTIONS", "/bucket/key", "", fromPage(site, "DELETE", "")...)).want(403, "AccessForbidden")
	if a.element("Method") != "DELETE" || a.element("ResourceType") != "OBJECT" {
		t.Errorf("body %s", a.body)
	}
}

// TestAnswersToPages is about the requests themselves, of which also the failed ones are to be seen by an allowed page.
func TestAnswersToPages(t *testing.T) {
	s := newCORS(t)
	const site = "https://www.example.com"
	signed := func(method, target string, headers []string) *answer { return s.do(method, target, "", headers...) }
	anonymous := func(method, target string, headers []string) *answer {
		return s.send(s.request(method, target, "", headers...))
	}
	for _, test := range []struct {
		send                                    func(method, target string, headers []string) *answer
		method, target, origin, asked, askedFor string
		status                                  int
		want                                    string
	}{
		{signed, "GET", "/bucket/key", site, "", "", 200, siteHeaders},
		{signed, "GET", "/bucket?location", site, "", "", 200, siteHeaders},
		{signed, "HEAD", "/bucket/key", "https://other.test", "", "", 200, everybodysHeaders},
		{signed, "GET", "/bucket/missing", site, "", "", 404, siteHeaders},
		{signed, "PUT", "/bucket?uploads", site, "", "", 405, siteHeaders},
		{signed, "GET", "/bucket?versionId=%ff", site, "", "", 400, siteHeaders},
		{anonymous, "GET", "/bucket/key", site, "", "", 403, siteHeaders},
		{anonymous, "PUT", "/bucket/key", site, "", "", 403, siteHeaders},
		{anonymous, "DELETE", "/bucket/key", site, "", "", 403, ""},
		{signed, "GET", "/bucket/key", "https://other.test", "", "", 200, ""},
		{signed, "GET", "/bucket/key", "", "", "", 200, ""},
		{signed, "GET", "/missing/key", site, "", "", 404, ""},
		{signed, "GET", "/", site, "", "", 200, ""},
		// S3 obeys the headers of a preflight on every request.
		{anonymous, "DELETE", "/bucket/key", site, "GET", "", 403, siteHeaders},
		{signed, "GET", "/bucket/key", site, "DELETE", "", 200, ""},
		{signed, "GET", "/bucket/key", site, "", "X-Amz-Date, Content-Type", 200, siteHeadersAsked},
		{signed, "GET", "/bucket/key", site, "", "range", 200, ""},
	} {
		a := test.send(test.method, test.target, fromPage(test.origin, test.asked, test.askedFor)).want(test.status, "")
		if got := a.corsHeaders(); got != test.want {
			t.Errorf("%s %s from %q: got %q, want %q", test.method, test.target, test.origin, got, test.want)
		}
	}
	if got := s.do("DELETE", "/bucket?cors", "", "Origin: "+site).want(204, "").corsHeaders(); got != "" {
		t.Errorf("DELETE is not allowed, but got %q", got)
	}
	if got := s.do("GET", "/bucket/key", "", "Origin: "+site).want(200, "").corsHeaders(); got != "" {
		t.Errorf("got %q without a rule", got)
	}
}

func TestCORSConfiguration(t *testing.T) {
	s := newCORS(t)
	a := s.do("GET", "/bucket?cors", "").want(200, "")
	const rules = "<CORSRule><ID>site</ID><AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod>" +
		"<AllowedOrigin>https://*.example.com</AllowedOrigin>" +
		"<AllowedHeader>x-amz-*</AllowedHeader><AllowedHeader>Content-Type</AllowedHeader><MaxAgeSeconds>600</MaxAgeSeconds>" +
		"<ExposeHeader>ETag</ExposeHeader><ExposeHeader>x-amz-version-id</ExposeHeader></CORSRule>" +
		"<CORSRule><AllowedMethod>HEAD</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>"
	if !strings.HasSuffix(a.body, rules) {
		t.Errorf("body %s", a.body)
	}
	// What is refused changes nothing.
	const method, origin = "<AllowedMethod>GET</AllowedMethod>", "<AllowedOrigin>*</AllowedOrigin>"
	configuration := func(rules string) string { return "<CORSConfiguration>" + rules + "</CORSConfiguration>" }
	rule := func(content string) string { return configuration("<CORSRule>" + content + "</CORSRule>") }
	for body, code := range map[string]string{
		"":                "MissingRequestBodyError",
		"<Other/>":        "MalformedXML",
		configuration(""): "MalformedXML",
		rule(method):      "MalformedXML",
		rule(origin):      "MalformedXML",
		rule(method + origin + "<MaxAgeSeconds>soon</MaxAgeSeconds>"):                                    "MalformedXML",
		rule(method + origin + "<MaxAgeSeconds>2147483648</MaxAgeSeconds>"):                              "MalformedXML",
		configuration(strings.Repeat("<CORSRule>"+method+origin+"</CORSRule>", 101)):                     "MalformedXML",
		rule("<AllowedMethod>MINE</AllowedMethod>" + origin):                                             "InvalidRequest",
		rule(method + "<AllowedOrigin>http://*.*</AllowedOrigin>"):                                       "InvalidRequest",
		rule(method + origin + "<ExposeHeader>x-*</ExposeHeader>"):                                       "InvalidRequest",
		rule(method + origin + "<!--" + strings.Repeat(" ", maxCORSConfiguration) + "-->"):               "MaxMessageLengthExceeded",
		configuration("<CORSRule>" + method + origin + "</CORSRule><CORSRule>" + method + "</CORSRule>"): "MalformedXML",
		configuration("<CORSRule>"+method+origin+"</CORSRule>") + configuration(method+origin) + "x":     "MalformedXML",
	} {
		s.do("PUT", "/bucket?cors", body).want(400, code)
	}
	if again := s.do("GET", "/bucket?cors", "").want(200, "").body; again != a.body {
		t.Errorf("body %s", again)
	}
	s.do("PUT", "/missing?cors", testCORS).want(404, "NoSuchBucket")
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		s.send(s.request(method, "/bucket?cors", testCORS)).want(http.StatusForbidden, "AccessDenied")
	}
	for range 2 {
		s.do("DELETE", "/bucket?cors", "").want(204, "")
		s.do("GET", "/bucket?cors", "").want(404, "NoSuchCORSConfiguration")
	}
}
