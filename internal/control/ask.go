package control

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"syscall"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Ask has the process that takes requests in a folder do a task, and passes on what it says to out. It returns when the
// task has ended, with its error; ErrNobody if there is no such process.
func Ask(ctx context.Context, dir string, r Request, out Reporter) error {
	body, err := json.Marshal(&r)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://control/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket(dir))
	}}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w: %w", ErrNobody, err)
	case err != nil:
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		reason, _ := io.ReadAll(io.LimitReader(response.Body, maxRequest))
		return fmt.Errorf("the request was not understood: %s", bytes.TrimSpace(reason))
	}
	err = pass(response.Body, out)
	if ctx.Err() != nil {
		return fmt.Errorf("the server was told to end the task: %w", context.Cause(ctx))
	}
	return err
}

// pass reads an answer to its end.
func pass(answer io.Reader, out Reporter) error {
	lines := jsontext.NewDecoder(answer)
	for {
		var m message
		err := json.UnmarshalDecode(lines, &m)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return errors.New("the server ended before it was done")
		}
		if err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		switch {
		case m.End != nil && m.End.Error != "":
			return errors.New(m.End.Error)
		case m.End != nil:
			return nil
		case m.Progress != nil:
			out.Progress(*m.Progress)
		default:
			if _, err := io.WriteString(out, m.Output); err != nil {
				return err
			}
		}
	}
}
