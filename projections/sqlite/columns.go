package sqlite

import (
	"time"

	"github.com/go-json-experiment/json"
	sqlite3 "github.com/ncruces/go-sqlite3"
)

// columns is something that is done with the columns of a row, in their order: naming them, writing them, reading them.
// A table's columns are listed once, by a function that passes each with the field it is in, so that statements, writing
// and reading agree.
type columns interface {
	// text is of NOT NULL text.
	text(name string, field *string)
	// optional is of text that is NULL when it is empty.
	optional(name string, field *string)
	// integer is of a NOT NULL integer.
	integer(name string, field *int64)
	// number is of a NOT NULL integer too.
	number(name string, field *int)
	// flag is of a NOT NULL integer that is 1 for true.
	flag(name string, field *bool)
	// time is of a time in timeFormat, NULL when it is zero.
	time(name string, field *time.Time)
	// json is of the JSON of what field points to, NULL when that is nil.
	json(name string, field any, isNil bool)
}

// timeFormat is how times are written: of one length, so that text and times compare alike. SQLite's functions for dates
// take it.
const timeFormat = "2006-01-02T15:04:05.000Z"

// names collects the names of columns.
type names []string

func (n *names) text(name string, _ *string)     { *n = append(*n, name) }
func (n *names) optional(name string, _ *string) { *n = append(*n, name) }
func (n *names) integer(name string, _ *int64)   { *n = append(*n, name) }
func (n *names) number(name string, _ *int)      { *n = append(*n, name) }
func (n *names) flag(name string, _ *bool)       { *n = append(*n, name) }
func (n *names) time(name string, _ *time.Time)  { *n = append(*n, name) }
func (n *names) json(name string, _ any, _ bool) { *n = append(*n, name) }

// binder writes columns to the parameters of a statement, which are all NULL before.
type binder struct {
	statement *sqlite3.Stmt
	column    int   // the last one that was written; parameters count from 1
	err       error // the first one
}

func (b *binder) keep(err error) {
	if b.err == nil {
		b.err = err
	}
}

func (b *binder) text(_ string, field *string) {
	b.column++
	b.keep(b.statement.BindText(b.column, *field))
}

func (b *binder) optional(_ string, field *string) {
	b.column++
	if *field != "" {
		b.keep(b.statement.BindText(b.column, *field))
	}
}

func (b *binder) integer(_ string, field *int64) {
	b.column++
	b.keep(b.statement.BindInt64(b.column, *field))
}

func (b *binder) number(_ string, field *int) {
	b.column++
	b.keep(b.statement.BindInt(b.column, *field))
}

func (b *binder) flag(_ string, field *bool) {
	b.column++
	b.keep(b.statement.BindBool(b.column, *field))
}

func (b *binder) time(_ string, field *time.Time) {
	b.column++
	if !field.IsZero() {
		b.keep(b.statement.BindText(b.column, formatTime(*field)))
	}
}

func (b *binder) json(_ string, field any, isNil bool) {
	b.column++
	if isNil {
		return
	}
	text, err := json.Marshal(field)
	b.keep(err)
	b.keep(b.statement.BindRawText(b.column, text))
}

// reader reads columns from the row that a statement is at.
type reader struct {
	statement *sqlite3.Stmt
	column    int   // the next one; results count from 0
	err       error // the first one
}

func (r *reader) keep(err error) {
	if r.err == nil {
		r.err = err
	}
}

// next returns the text of the next column, which the next call invalidates; nil if it is NULL.
func (r *reader) next() []byte {
	text := r.statement.ColumnRawText(r.column)
	r.column++
	return text
}

func (r *reader) text(_ string, field *string)        { *field = string(r.next()) }
func (r *reader) optional(name string, field *string) { r.text(name, field) }

func (r *reader) integer(_ string, field *int64) {
	*field = r.statement.ColumnInt64(r.column)
	r.column++
}

func (r *reader) number(_ string, field *int) {
	*field = r.statement.ColumnInt(r.column)
	r.column++
}

func (r *reader) flag(_ string, field *bool) {
	*field = r.statement.ColumnInt64(r.column) != 0
	r.column++
}

func (r *reader) time(_ string, field *time.Time) {
	text := r.next()
	if text == nil {
		return
	}
	at, err := time.Parse(time.RFC3339, string(text))
	r.keep(err)
	*field = at
}

func (r *reader) json(_ string, field any, _ bool) {
	if text := r.next(); text != nil {
		r.keep(json.Unmarshal(text, field))
	}
}

func formatTime(t time.Time) string { return t.UTC().Format(timeFormat) }
