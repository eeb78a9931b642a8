package cosmos

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/azcosmos"
)

const sessionHeader = "x-ms-session-token"

// session keeps the session tokens of the container and sends them with each read. At an account of Session consistency, the
// default, a read without them may be answered by a replica that lacks the latest writes, and the client keeps none itself.
//
// Responses carry the token of the physical partition that answered: "0:-1#425#3=7" is its id, the version of the token and
// the number of the last write that the replica had, global and by region. A request may carry those of all partitions; the
// gateway picks what it needs, also for a partition that came of a split.
type session struct {
	mu     sync.RWMutex
	tokens map[string]string // by physical partition
	header string            // all of them
}

// Do implements policy.Policy.
func (s *session) Do(r *policy.Request) (*http.Response, error) {
	request := r.Raw()
	if !isOfItems(request) {
		return r.Next()
	}
	if header := s.get(); header != "" && isRead(request) {
		request.Header.Set(sessionHeader, header)
	}
	response, err := r.Next()
	if err == nil {
		s.merge(response.Header.Get(sessionHeader))
	}
	return response, err
}

// isOfItems tells whether a request is for items: those have a path as /dbs/a/colls/b/docs/c.
func isOfItems(r *http.Request) bool {
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	return len(path) > 4 && path[4] == "docs"
}

func isRead(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Header.Get("Content-Type") == "application/query+json"
}

func (s *session) get() string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.header
}

// merge keeps of the tokens in a header those that are later than what is known.
func (s *session) merge(header string) {
	if header == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens == nil {
		s.tokens = make(map[string]string)
	}
	for one := range strings.SplitSeq(header, ",") {
		if partition, token, ok := strings.Cut(one, ":"); ok && isLater(token, s.tokens[partition]) {
			s.tokens[partition] = token
		}
	}
	all := make([]string, 0, len(s.tokens))
	for _, partition := range slices.Sorted(maps.Keys(s.tokens)) {
		all = append(all, partition+":"+s.tokens[partition])
	}
	s.header = strings.Join(all, ",")
}

// isLater tells whether a token is of a later state than another: its version counts before its number.
func isLater(token, other string) bool {
	version, number := parseToken(token)
	otherVersion, otherNumber := parseToken(other)
	if version != otherVersion {
		return version > otherVersion
	}
	return number > otherNumber
}

// parseToken reads the version and the global number of a token, "version#number#...", or "number" as it once was. Versions
// begin at -1, so the zero token is that of no state.
func parseToken(token string) (version, number int64) {
	const none = -2
	parts := strings.Split(token, "#")
	if len(parts) == 1 {
		parts = []string{"-1", token}
	}
	version, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil {
		return none, 0
	}
	if number, err = strconv.ParseInt(parts[1], 10, 64); err != nil {
		return none, 0
	}
	return version, number
}

// join sees to it that the session covers what was written to a partition before this table was opened, by this program
// before it was restarted, say. Only a write is answered by the replica that has all writes; to remove an item that is not
// there is one that changes nothing. Without it, the first reads might be answered by a replica that lags behind.
func (t *Table) join(ctx context.Context, partition string) error {
	if _, ok := t.joined.Load(partition); ok {
		return nil
	}
	err := t.call(ctx, "read", func(ctx context.Context) error {
		_, err := t.container.DeleteItem(ctx, azcosmos.NewPartitionKeyString(partition), absentID, nil)
		return unlessAbsent(err)
	})
	if err == nil {
		t.joined.Store(partition, nil)
	}
	return err
}
