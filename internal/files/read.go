package files

import "io"

// Source is a reader that remembers what went wrong. Who finds that a file is not what was written can tell by it whether
// the file is damaged or could not be read.
type Source struct {
	R   io.Reader
	Err error // the first error of R but io.EOF
}

// Read implements io.Reader.
func (s *Source) Read(p []byte) (int, error) {
	n, err := s.R.Read(p)
	if err != nil && err != io.EOF && s.Err == nil {
		s.Err = err
	}
	return n, err
}
