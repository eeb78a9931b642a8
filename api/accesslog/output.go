package accesslog

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// output is what lines are written to.
type output struct {
	path string // of file
	file *os.File
	to   io.Writer // file, if there is one
	torn bool      // what was written last is a line without its end
}

// mode is that of a new file. The names of objects are not everybody's to read.
const mode = 0o640

func openOutput(c Config) (*output, error) {
	if c.Path == "" {
		return &output{to: c.Output}, nil
	}
	o := &output{path: c.Path}
	return o, o.open()
}

func (o *output) open() error {
	file, err := os.OpenFile(o.path, os.O_RDWR|os.O_APPEND|os.O_CREATE, mode)
	if err != nil {
		return fmt.Errorf("open the access log: %w", err)
	}
	torn, err := endsWithin(file)
	if err != nil {
		return errors.Join(fmt.Errorf("read the end of the access log: %w", err), file.Close())
	}
	o.file, o.to, o.torn = file, file, torn
	return nil
}

// endsWithin tells whether a file ends within a line, as a full disk or a power cut leaves it.
func endsWithin(file *os.File) (bool, error) {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 || !info.Mode().IsRegular() {
		return false, err
	}
	var last [1]byte
	_, err = file.ReadAt(last[:], info.Size()-1)
	return last[0] != '\n', err
}

// reopen opens the file by its name. After an error, the one that was open still is.
func (o *output) reopen() error {
	before := o.file
	if before == nil {
		return nil
	}
	if err := o.open(); err != nil {
		return err
	}
	return before.Close()
}

// write writes lines, and returns how many bytes of them were written. What follows half of a line begins a new one.
func (o *output) write(lines []byte) (int, error) {
	if o.torn {
		if _, err := o.to.Write([]byte("\n")); err != nil {
			return 0, err
		}
		o.torn = false
	}
	n, err := o.to.Write(lines)
	o.torn = n > 0 && n <= len(lines) && lines[n-1] != '\n'
	return n, err
}

func (o *output) close() error {
	if o.file == nil {
		return nil
	}
	return o.file.Close()
}
