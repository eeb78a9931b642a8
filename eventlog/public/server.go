package public

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/bleepstore/bleepstore/internal/natslog"
)

// What subscribers may use at most, so that none can exhaust the process.
const (
	// maxPayload is enough for each event: a commit has at most 8 MiB. The server warns of more, beginning with payloadWarning.
	maxPayload     = 8<<20 + 64<<10
	payloadWarning = "Maximum payloads over"
	// maxPending is how many bytes may wait for a slow subscriber, which is disconnected then. It finds in the stream what it
	// missed.
	maxPending = 16 << 20
	// maxConnections is for all accounts, maxAccountConnections for each.
	maxConnections        = 1024
	maxAccountConnections = 256
	maxSubscriptions      = 1000 // of a connection
	maxConsumers          = 256  // of an account
	maxAckPending         = 20_000
)

const (
	loginTimeout = 5 * time.Second
	// stopTimeout is how long the server may take to end. It waits for nobody.
	stopTimeout = 5 * time.Second
)

// gateReconnect is how soon the gate comes back that the server has disconnected, because too much waited for it.
const gateReconnect = 100 * time.Millisecond

// natsFolder has what is the NATS server's in the folder.
const natsFolder = "nats"

// server is a NATS server with the streams.
type server struct {
	nats     *natsserver.Server
	accounts []*account
	failed   atomic.Pointer[string] // the last error that the server logged
}

// account is an account of the NATS server, with its stream.
type account struct {
	name  string // in the NATS server, and of its folder
	owner string // canonical id of the account that it is for; empty for administrators

	gate, conn *nats.Conn // each of its own: what subscribers ask for never holds up what is published
	*stream
}

// administrators is the account that has all events.
const administrators = "administrators"

// ownerPrefix begins the names of the other accounts.
const ownerPrefix = "owner-"

// accountName is the account of a key. It is a name that a folder may have, which not every id is.
func (k Key) accountName() string {
	if k.Admin {
		return administrators
	}
	sum := sha256.Sum256([]byte(k.Account))
	return ownerPrefix + hex.EncodeToString(sum[:])
}

// accountsOf are the accounts of keys. That of administrators is there in any case, because it tells how far all are.
func accountsOf(keys []Key) []*account {
	accounts := []*account{{name: administrators}}
	for _, key := range keys {
		name := key.accountName()
		if !slices.ContainsFunc(accounts, func(a *account) bool { return a.name == name }) {
			accounts = append(accounts, &account{name: name, owner: key.Account})
		}
	}
	return accounts
}

// openServer starts a server, and opens the streams or makes them, before the first subscriber can come.
func openServer(ctx context.Context, c Config) (*server, error) {
	s, err := startServer(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := s.listen(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func startServer(ctx context.Context, c Config) (_ *server, err error) {
	host, portText, err := net.SplitHostPort(c.Address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, err
	}
	if port == 0 {
		port = natsserver.RANDOM_PORT
	}
	s := &server{accounts: accountsOf(c.Keys)}
	if err := s.forgetOthers(filepath.Join(c.Dir, natsFolder, natsserver.JetStreamStoreDir)); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	secret := rand.Text()
	options := &natsserver.Options{
		ServerName: "bleepstore-events",
		Host:       host,
		Port:       port,
		DontListen: true, // before everything is there: see listen
		NoSigs:     true,
		TLSConfig:  c.TLS,
		TLSTimeout: loginTimeout.Seconds(),

		CustomClientAuthentication: newLogin(c.Keys, secret, s.lookup),
		AuthTimeout:                loginTimeout.Seconds(),

		JetStream:         true,
		StoreDir:          filepath.Join(c.Dir, natsFolder),
		JetStreamMaxStore: 1 << 60, // the streams have limits of their own

		MaxPayload:       maxPayload,
		MaxPending:       maxPending,
		MaxConn:          maxConnections,
		MaxSubs:          maxSubscriptions,
		MaxClosedClients: 1,
	}
	for _, a := range s.accounts {
		options.Accounts = append(options.Accounts, natsserver.NewAccount(a.name))
	}
	if s.nats, err = natsserver.NewServer(options); err != nil {
		return nil, fmt.Errorf("configure the NATS server of the public events: %w", err)
	}
	s.nats.SetLogger(natslog.Logger{
		Error: func(text string) {
			s.failed.Store(&text)
			c.Warn(text)
		},
		Warn: func(text string) {
			if !strings.HasPrefix(text, payloadWarning) {
				c.Warn(text)
			}
		},
	}, false, false)
	s.nats.Start()
	for _, a := range s.accounts {
		if err := a.open(ctx, s, secret, c); err != nil {
			return nil, fmt.Errorf("open the public events in %s: %w", c.Dir, s.reason(err))
		}
	}
	return s, nil
}

// forgetOthers removes the folders of accounts of keys that are not configured any more.
func (s *server) forgetOthers(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		known := slices.ContainsFunc(s.accounts, func(a *account) bool { return a.name == entry.Name() })
		if known || !strings.HasPrefix(entry.Name(), ownerPrefix) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			return fmt.Errorf("remove the public events of an account that has no key any more: %w", err)
		}
	}
	return nil
}

// listen begins to accept connections.
func (s *server) listen() error {
	begun := make(chan struct{})
	go s.nats.AcceptLoop(begun)
	<-begun
	if s.nats.Addr() == nil {
		return fmt.Errorf("listen for subscribers: %w", s.reason(nil))
	}
	return nil
}

// lookup finds an account by its name.
func (s *server) lookup(name string) *natsserver.Account {
	account, err := s.nats.LookupAccount(name)
	if err != nil {
		return nil
	}
	return account
}

// works tells whether the server can still publish. A full disk ends that.
func (s *server) works() bool {
	connected := func(a *account) bool { return a.conn.IsConnected() && !a.gate.IsClosed() }
	return s.nats.Running() && s.nats.JetStreamEnabled() && !slices.ContainsFunc(s.accounts, func(a *account) bool { return !connected(a) })
}

// reason adds to an error what the server has logged, which says more.
func (s *server) reason(err error) error {
	if text := s.failed.Load(); text != nil {
		return errors.Join(err, fmt.Errorf("the NATS server logged %q", strings.TrimSpace(*text)))
	}
	return err
}

// close disconnects everybody, and ends the server.
func (s *server) close() {
	for _, a := range s.accounts {
		for _, conn := range []*nats.Conn{a.gate, a.conn} {
			if conn != nil {
				conn.Close()
			}
		}
	}
	if s.nats == nil {
		return
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.nats.Shutdown()
		s.nats.WaitForShutdown()
	}()
	select {
	case <-ended:
	case <-time.After(stopTimeout):
	}
}

// open connects to an account, in this process, and opens its stream.
func (a *account) open(ctx context.Context, s *server, secret string, c Config) error {
	account := s.lookup(a.name)
	if account == nil {
		return fmt.Errorf("no account %s", a.name)
	}
	for from, to := range mappings {
		if err := account.AddMapping(from, to); err != nil {
			return fmt.Errorf("map %s to %s: %w", from, to, err)
		}
	}
	limits := natsserver.JetStreamAccountLimits{
		MaxMemory: 0, MaxStore: -1, MaxStreams: 1, MaxConsumers: maxConsumers, MaxAckPending: maxAckPending,
	}
	if err := account.EnableJetStream(map[string]natsserver.JetStreamAccountLimits{"": limits}, nil); err != nil {
		return err
	}
	connect := func(options ...nats.Option) (*nats.Conn, error) {
		return nats.Connect("", append(options, nats.InProcessServer(s.nats), nats.UserInfo(insiderPrefix+a.name, secret),
			nats.CustomInboxPrefix(ownInbox), nats.PingInterval(time.Hour),
			nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { c.Warn(err.Error()) }))...)
	}
	var err error
	if a.gate, err = connect(nats.MaxReconnects(-1), nats.ReconnectWait(gateReconnect)); err != nil {
		return err
	}
	if err := openGate(a.gate); err != nil {
		return err
	}
	if a.conn, err = connect(nats.NoReconnect()); err != nil {
		return err
	}
	js, err := jetstream.NewWithAPIPrefix(a.conn, passed+"API",
		jetstream.WithPublishAsyncMaxPending(maxUnacknowledged), jetstream.WithPublishAsyncTimeout(ackTimeout))
	if err != nil {
		return err
	}
	a.stream, err = openStream(ctx, js, c)
	return err
}
