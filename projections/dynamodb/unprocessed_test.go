package dynamodb_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/projections/rows"
)

// TestUnprocessed has DynamoDB process a third of each batch, as it may where capacity is short or an answer would be large.
func TestUnprocessed(t *testing.T) {
	t.Parallel()
	p := newProxy(t)
	table := openClosed(t, emulated("table", p.URL))
	p.set(func(w http.ResponseWriter, operation string, _ int, body []byte) bool {
		if !strings.HasPrefix(operation, "Batch") {
			return false
		}
		answer, err := p.processPart(operation, body)
		if err != nil {
			t.Error(err)
		}
		w.Write(answer)
		return true
	})
	exercise(t, table)
	if n := p.count("BatchWriteItem"); n < 6 {
		t.Errorf("%d BatchWriteItem: what was left unprocessed was not repeated", n)
	}
}

// TestNeverProcessed has DynamoDB process nothing of a batch, again and again.
func TestNeverProcessed(t *testing.T) {
	t.Parallel()
	p := newProxy(t)
	table := openClosed(t, emulated("table", p.URL))
	p.set(func(w http.ResponseWriter, _ string, _ int, body []byte) bool {
		var request struct{ RequestItems json.RawMessage }
		if err := json.Unmarshal(body, &request); err != nil {
			t.Error(err)
		}
		w.Write(encode(map[string]any{"UnprocessedKeys": request.RequestItems, "Responses": map[string]any{}}))
		return true
	})
	keys := []rows.Key{row("0", 0).Key, row("1", 0).Key}
	begun := time.Now()
	_, err := table.Get(t.Context(), keys)
	wantError(t, err, "left unprocessed", "raise the capacity")
	if took := time.Since(begun); took < 2*time.Second {
		t.Errorf("a call gave up after %v", took)
	}
}

// processPart has the emulator answer for a third of a batch, and adds to the answer that the others are unprocessed.
func (p *proxy) processPart(operation string, body []byte) ([]byte, error) {
	var request struct {
		RequestItems map[string]json.RawMessage
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return nil, err
	}
	var unprocessed string
	left := make(map[string]any)
	for table, batch := range request.RequestItems {
		var err error
		if operation == "BatchWriteItem" {
			unprocessed = "UnprocessedItems"
			var items []json.RawMessage
			err = json.Unmarshal(batch, &items)
			part := (len(items) + 2) / 3
			if part < len(items) {
				left[table] = items[part:]
			}
			request.RequestItems[table] = encode(items[:part])
		} else {
			unprocessed = "UnprocessedKeys"
			var keys struct {
				Keys           []json.RawMessage
				ConsistentRead bool
			}
			err = json.Unmarshal(batch, &keys)
			part := (len(keys.Keys) + 2) / 3
			rest := keys
			if rest.Keys = keys.Keys[part:]; len(rest.Keys) > 0 {
				left[table] = rest
			}
			keys.Keys = keys.Keys[:part]
			request.RequestItems[table] = encode(keys)
		}
		if err != nil {
			return nil, err
		}
	}
	answer, err := p.forward(operation, encode(request))
	if err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(answer, &fields); err != nil {
		return nil, err
	}
	fields[unprocessed] = encode(left)
	return encode(fields), nil
}

func encode(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", v, err))
	}
	return text
}
