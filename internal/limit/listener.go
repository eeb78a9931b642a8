package limit

import (
	"net"
	"sync"
)

// Listener accepts no more connections than some at once. Further ones are closed as soon as they come, which costs next to
// nothing and tells a client to go elsewhere, or to come again. To leave them waiting would have them time out, and their
// requests be answered when nobody waits any more.
type Listener struct {
	*net.TCPListener
	most    int64
	refused func()
	open    Usage
}

// NewListener makes a Listener of at most that many connections. It calls refused for each that is closed.
func NewListener(listener *net.TCPListener, most int64, refused func()) *Listener {
	return &Listener{TCPListener: listener, most: most, refused: refused}
}

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.AcceptTCP()
		if err != nil {
			return nil, err
		}
		if l.open.Take(1, l.most) {
			return &connection{TCPConn: conn, close: sync.OnceValue(func() error {
				defer l.open.Give(1)
				return conn.Close()
			})}, nil
		}
		_ = conn.SetLinger(0) // so that nothing is left of it here
		_ = conn.Close()
		l.refused()
	}
}

// connection is one that counts. It has the methods of a TCPConn, which send files without copying them.
type connection struct {
	*net.TCPConn
	close func() error
}

// Close implements net.Conn.
func (c *connection) Close() error { return c.close() }
