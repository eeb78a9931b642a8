package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// client does one request at a time over a connection of its own, which it opens again after an error.
type client struct {
	scheme, host string
	signer       signer

	conn net.Conn // nil before the first request and after an error
	r    *bufio.Reader
	head []byte // reused from request to request
}

// ioTimeout ends a request that hangs, so that the run ends too.
const ioTimeout = 2 * time.Minute

func newClient(endpoint string, s signer) (*client, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("endpoint %q: want http://HOST:PORT or https://HOST:PORT", endpoint)
	}
	return &client{scheme: u.Scheme, host: u.Host, signer: s}, nil
}

// do sends a request and reads the answer to its end. It returns the status and the number of bytes in the answer's
// body. Path and query are in canonical form; a status other than 2xx is no error here.
func (c *client) do(method, path, query string, body *payload) (status int, n int64, err error) {
	if err := c.connect(); err != nil {
		return 0, 0, err
	}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	now := time.Now()
	if err := c.conn.SetDeadline(now.Add(ioTimeout)); err != nil {
		return 0, 0, err
	}
	c.head = c.appendHead(c.head[:0], method, path, query, body, now)
	if err := body.writeTo(c.conn, c.head); err != nil {
		return 0, 0, fmt.Errorf("send request: %w", err)
	}
	status, n, err = c.readAnswer(method == http.MethodHead)
	if err != nil {
		return status, n, fmt.Errorf("read answer: %w", err)
	}
	return status, n, nil
}

// appendHead appends the request line and the header of a request.
func (c *client) appendHead(b []byte, method, path, query string, body *payload, now time.Time) []byte {
	b = append(b, method...)
	b = append(b, ' ')
	b = append(b, path...)
	if query != "" {
		b = append(b, '?')
		b = append(b, query...)
	}
	b = append(b, " HTTP/1.1\r\n"...)
	b = c.signer.appendHeaders(b, method, c.host, path, query, body.hash, now)
	if method == http.MethodPut {
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, body.size, 10)
		b = append(b, "\r\n"...)
	}
	return append(b, "\r\n"...)
}

func (c *client) connect() error {
	if c.conn != nil {
		return nil
	}
	conn, err := net.DialTimeout("tcp", c.host, ioTimeout)
	if err != nil {
		return err
	}
	if c.scheme == "https" {
		// The load is made of random bytes, for servers under test: their certificates are often self-signed.
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
	}
	c.conn, c.r = conn, bufio.NewReaderSize(conn, 128<<10)
	return nil
}

func (c *client) close() {
	if c.conn != nil {
		_ = c.conn.Close() // nothing that matters is under way on it
		c.conn = nil
	}
}

func (c *client) readAnswer(noBody bool) (status int, n int64, err error) {
	for status < 200 { // skips 100 Continue and its like
		var length int64
		var chunked, last bool
		status, length, chunked, last, err = c.readHead()
		if err != nil {
			return 0, 0, err
		}
		switch {
		case noBody || status < 200 || status == http.StatusNoContent || status == http.StatusNotModified:
		case chunked:
			n, err = c.discardChunks()
		default:
			n, err = c.discard(length)
		}
		if err != nil {
			return status, n, err
		}
		if last {
			c.close()
		}
	}
	return status, n, nil
}

// readHead reads the status line and the header. It keeps what says where the answer ends, and whether the connection
// ends with it.
func (c *client) readHead() (status int, length int64, chunked, last bool, err error) {
	line, err := c.readLine()
	if err != nil {
		return 0, 0, false, false, err
	}
	// "HTTP/1.1 200 OK"
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.")) {
		return 0, 0, false, false, fmt.Errorf("malformed status line %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, 0, false, false, fmt.Errorf("malformed status line %q", line)
	}
	for {
		line, err := c.readLine()
		if err != nil {
			return status, 0, false, false, err
		}
		if len(line) == 0 {
			return status, length, chunked, last, nil
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.ParseInt(string(value), 10, 64); err != nil {
				return status, 0, false, false, fmt.Errorf("malformed Content-Length %q", value)
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = bytes.EqualFold(value, []byte("chunked"))
		case bytes.EqualFold(name, []byte("Connection")):
			last = bytes.EqualFold(value, []byte("close"))
		}
	}
}

func (c *client) discardChunks() (n int64, err error) {
	for {
		line, err := c.readLine()
		if err != nil {
			return n, err
		}
		size, err := strconv.ParseInt(string(line), 16, 64)
		if err != nil || size < 0 {
			return n, fmt.Errorf("malformed chunk size %q", line)
		}
		if _, err := c.discard(size); err != nil {
			return n, err
		}
		n += size
		if line, err = c.readLine(); err != nil {
			return n, err
		}
		if len(line) > 0 {
			return n, errors.New("chunk without an end, or trailers, which no S3 answer has")
		}
		if size == 0 {
			return n, nil
		}
	}
}

// discard skips n bytes, through the reader's own large buffer.
func (c *client) discard(n int64) (int64, error) {
	skipped, err := c.r.Discard(int(n))
	return int64(skipped), err
}

// readLine returns a line without its end. It is valid until the next read.
func (c *client) readLine() ([]byte, error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}
