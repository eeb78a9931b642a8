package s3

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/bleepstore/bleepstore/api"
)

// maxFields is how many bytes of a form may be before its file.
// See https://docs.aws.amazon.com/AmazonS3/latest/developerguide/sigv4-HTTPPOSTForms.html
const maxFields = 20 << 10

// form is what a browser posts: fields, and behind them a file.
type form struct {
	fields map[string]string // by their names in lower case
	file   io.Reader         // ends with io.EOF only if the form goes on properly behind the file
}

// readForm reads the request's body, which must be a form, up to its file. What comes behind that is ignored.
func (c *call) readForm() (*form, error) {
	kind, parameters, err := mime.ParseMediaType(c.header("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return nil, api.NewError(api.PreconditionFailed,
			api.Detail{Name: "Condition", Value: "Bucket POST must be of the enclosure-type multipart/form-data"})
	}
	if parameters["boundary"] == "" {
		return nil, api.NewError(api.MalformedPOSTRequest)
	}
	limited, size := &fieldsReader{from: &c.body}, 0
	parts := multipart.NewReader(limited, parameters["boundary"])
	f := &form{fields: make(map[string]string)}
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return nil, api.InvalidArgumentf("file", "0", "POST requires exactly one file upload per request.")
		}
		if err != nil {
			return nil, malformedForm(err)
		}
		name := strings.ToLower(part.FormName())
		if name == "file" {
			limited.ended = true
			f.file = &fileReader{part}
			return f, f.expand(part)
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return nil, malformedForm(err)
		}
		if size += len(name) + len(value); size > maxFields {
			return nil, api.NewError(api.MaxPostPreDataLengthExceeded)
		}
		if before, several := f.fields[name]; several {
			f.fields[name] = before + "," + string(value)
		} else if name != "" {
			f.fields[name] = string(value)
		}
	}
}

// expand puts the name of the file in the place of "${filename}" in all fields. A path of which only the last element is
// the name comes from old browsers. Without a name, as opposed to an empty one, the fields stay as they are. What comes of
// them is bounded as they are.
func (f *form) expand(file *multipart.Part) error {
	// Part.FileName knows neither backslashes nor whether there is a name.
	_, parameters, err := mime.ParseMediaType(file.Header.Get("Content-Disposition"))
	name, named := parameters["filename"]
	if err != nil || !named {
		return nil
	}
	const variable = "${filename}"
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	size := 0
	for field, value := range f.fields {
		size += len(field) + len(value) + strings.Count(value, variable)*(len(name)-len(variable))
		if size > maxFields {
			return api.NewError(api.MaxPostPreDataLengthExceeded)
		}
		f.fields[field] = strings.ReplaceAll(value, variable, name)
	}
	return nil
}

// malformedForm is the error for a form of which a piece could not be read.
func malformedForm(err error) error {
	if _, ok := errors.AsType[*api.Error](err); ok {
		return err
	}
	malformed := api.NewError(api.MalformedPOSTRequest)
	malformed.Cause = err
	return malformed
}

// fieldsReader reads a form, of which not much more may come before the file than its fields may be long.
type fieldsReader struct {
	from  io.Reader
	read  int
	ended bool // the fields
}

// readAhead is how many bytes a multipart.Reader may take beyond those that it was asked for.
const readAhead = 4 << 10

func (r *fieldsReader) Read(p []byte) (int, error) {
	if r.ended {
		return r.from.Read(p)
	}
	if r.read > maxFields+readAhead {
		return 0, api.NewError(api.MaxPostPreDataLengthExceeded)
	}
	n, err := r.from.Read(p)
	r.read += n
	return n, err
}

// fileReader reads the file of a form.
type fileReader struct{ part *multipart.Part }

func (r *fileReader) Read(p []byte) (int, error) {
	n, err := r.part.Read(p)
	if err != nil && err != io.EOF {
		err = malformedForm(err)
	}
	return n, err
}

// headerFields are the fields that are named as the headers that they stand for, beside those that begin with "x-amz-".
var headerFields = setOf(
	"cache-control", "content-disposition", "content-encoding", "content-language", "content-md5", "content-type", "expires",
)

// renamedFields are those that stand for headers of other names.
var renamedFields = map[string]string{
	"acl": "X-Amz-Acl", "x-amz-checksum-algorithm": "X-Amz-Sdk-Checksum-Algorithm",
}

// header returns the headers with which an upload of the file would say what the fields say.
func (f *form) header() (http.Header, error) {
	header := make(http.Header)
	for field, value := range f.fields {
		name, renamed := renamedFields[field]
		switch {
		case renamed:
		case headerFields[field] || strings.HasPrefix(field, "x-amz-"):
			name = http.CanonicalHeaderKey(field)
		default:
			continue
		}
		if !validHeader(field, value) {
			return nil, api.InvalidArgumentf(field, value, "The field has characters that a header can't have.")
		}
		if value == "" {
			continue
		}
		if _, twice := header[name]; twice {
			return nil, api.InvalidArgumentf(field, value, "Another field stands for the same header.")
		}
		header[name] = []string{value}
	}
	return header, nil
}

// validHeader tells whether a header can have a name and a value, of whose characters not all must be ASCII.
// See https://www.rfc-editor.org/rfc/rfc9110#name-fields
func validHeader(name, value string) bool {
	notInName := func(r rune) bool { return r <= ' ' || r >= 0x7F || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r) }
	notInValue := func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7F }
	return !strings.ContainsFunc(name, notInName) && !strings.ContainsFunc(value, notInValue)
}
