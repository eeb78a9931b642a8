package api

import "io"

// Body is the content of an object or part, with what the client says about it.
type Body struct {
	Reader io.Reader // errors that are an *Error are passed on as they are
	Length int64     // bytes; -1 if the client does not say
	MD5    []byte    // the decoded Content-MD5; nil if there is none

	// Algorithm is the additional checksum to compute, such as "CRC32C"; empty for the default, CRC64NVME.
	Algorithm string
	// Checksum is the base64 value that the content must have under Algorithm; nil if the client sends none. It is called
	// after the end of the content, because a trailer brings it only then.
	Checksum func() (string, error)
}
