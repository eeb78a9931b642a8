package firestore_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"

	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// front is a server before an emulator, whose calls can fail as a test wants it.
type front struct {
	firestorepb.UnimplementedFirestoreServer
	endpoint string
	emulator firestorepb.FirestoreClient
	listener *cuttableListener

	mu    sync.Mutex
	calls int
	// before is called with each call before it is handed on, and may fail it. Number counts the calls since it was set.
	before func(ctx context.Context, number int) error
	// afterAnswer is called when the emulator has carried out a call, and may fail it.
	afterAnswer func(number int) error
	// breakAfter is how many documents a stream sends before it breaks off; 0 for all.
	breakAfter int
}

func newFront(t *testing.T, emulator string) *front {
	t.Helper()
	conn, err := grpc.NewClient(emulator, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &front{
		endpoint: listener.Addr().String(),
		emulator: firestorepb.NewFirestoreClient(conn),
		listener: &cuttableListener{Listener: listener},
	}
	server := grpc.NewServer()
	firestorepb.RegisterFirestoreServer(server, f)
	var serving sync.WaitGroup
	serving.Go(func() { server.Serve(f.listener) })
	t.Cleanup(func() {
		server.Stop()
		serving.Wait()
		conn.Close()
	})
	return f
}

// on sets what happens to the calls from now on; either may be nil.
func (f *front) on(before func(ctx context.Context, number int) error, afterAnswer func(number int) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls, f.before, f.afterAnswer, f.breakAfter = 0, before, afterAnswer, 0
}

// breakOff lets all streams break off from now on.
func (f *front) breakOff(after int) {
	f.on(nil, nil)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.breakAfter = after
}

// count returns how many calls there were since on.
func (f *front) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// call hands a call on.
func (f *front) call(ctx context.Context, emulator func() error) error {
	f.mu.Lock()
	f.calls++
	number, before, afterAnswer := f.calls, f.before, f.afterAnswer
	f.mu.Unlock()
	if before != nil {
		if err := before(ctx, number); err != nil {
			return err
		}
	}
	if err := emulator(); err != nil {
		return err
	}
	if afterAnswer != nil {
		return afterAnswer(number)
	}
	return nil
}

func (f *front) Commit(ctx context.Context, r *firestorepb.CommitRequest) (*firestorepb.CommitResponse, error) {
	var answer *firestorepb.CommitResponse
	err := f.call(ctx, func() (err error) {
		// What has arrived is carried out, even if the client waits no longer.
		answer, err = f.emulator.Commit(context.WithoutCancel(ctx), r)
		return err
	})
	return answer, err
}

func (f *front) BatchGetDocuments(
	r *firestorepb.BatchGetDocumentsRequest, to firestorepb.Firestore_BatchGetDocumentsServer,
) error {
	return f.call(to.Context(), func() error {
		from, err := f.emulator.BatchGetDocuments(to.Context(), r)
		if err != nil {
			return err
		}
		return forward(f, from.Recv, to.Send)
	})
}

func (f *front) RunQuery(r *firestorepb.RunQueryRequest, to firestorepb.Firestore_RunQueryServer) error {
	return f.call(to.Context(), func() error {
		from, err := f.emulator.RunQuery(to.Context(), r)
		if err != nil {
			return err
		}
		return forward(f, from.Recv, to.Send)
	})
}

func forward[T any](f *front, receive func() (T, error), send func(T) error) error {
	f.mu.Lock()
	most := f.breakAfter
	f.mu.Unlock()
	for sent := 0; ; sent++ {
		answer, err := receive()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && most > 0 && sent == most {
			err = status.Error(codes.Unavailable, "the connection broke")
		}
		if err != nil {
			return err
		}
		if err := send(answer); err != nil {
			return err
		}
	}
}

// cuttableListener can cut the connections that it accepted.
type cuttableListener struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

func (l *cuttableListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.conns = append(l.conns, conn)
	}
	return conn, err
}

func (l *cuttableListener) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.conns {
		conn.Close()
	}
	l.conns = nil
}
