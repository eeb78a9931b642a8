package sqlite

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	sqlite3 "github.com/ncruces/go-sqlite3"
)

// conn is a connection to the database, with the statements that were prepared on it. It is not safe for concurrent use.
type conn struct {
	db         *sqlite3.Conn
	statements map[string]*sqlite3.Stmt // by their SQL
}

// connect opens a connection to a file, which is made if there is none, on a file system that is registered with the driver.
// The pragmas are run at once.
func connect(path, fs, pragmas string) (*conn, error) {
	uri := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: url.Values{"vfs": {fs}}.Encode()}
	db, err := sqlite3.Open(uri.String())
	if err != nil {
		return nil, err
	}
	c := &conn{db: db, statements: make(map[string]*sqlite3.Stmt)}
	if err := db.Exec(pragmas); err != nil {
		return nil, errors.Join(fmt.Errorf("set up a connection: %w", err), c.close())
	}
	return c, nil
}

func (c *conn) close() error {
	var errs []error
	for _, statement := range c.statements {
		errs = append(errs, statement.Close())
	}
	return errors.Join(append(errs, c.db.Close())...)
}

// statement returns the statement of a text of SQL. It has no parameters bound.
func (c *conn) statement(sql string) (*sqlite3.Stmt, error) {
	if statement, ok := c.statements[sql]; ok {
		return statement, statement.ClearBindings()
	}
	statement, _, err := c.db.PrepareFlags(sql, sqlite3.PREPARE_PERSISTENT)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", sql, err)
	}
	c.statements[sql] = statement
	return statement, nil
}

// bound returns a statement with its parameters.
func (c *conn) bound(sql string, args []any) (*sqlite3.Stmt, error) {
	statement, err := c.statement(sql)
	if err != nil {
		return nil, err
	}
	for i, arg := range args {
		switch a := arg.(type) {
		case string:
			err = statement.BindText(i+1, a)
		case int:
			err = statement.BindInt(i+1, a)
		case int64:
			err = statement.BindInt64(i+1, a)
		default:
			err = fmt.Errorf("parameter of type %T", arg)
		}
		if err != nil {
			return nil, fmt.Errorf("bind %v: %w", arg, err)
		}
	}
	return statement, nil
}

// exec runs a statement that yields nothing.
func (c *conn) exec(sql string, args ...any) error {
	statement, err := c.bound(sql, args)
	if err != nil {
		return err
	}
	return statement.Exec()
}

// rows calls row for each row that a statement yields.
func (c *conn) rows(sql string, args []any, row func(*sqlite3.Stmt) error) (err error) {
	statement, err := c.bound(sql, args)
	if err != nil {
		return err
	}
	for statement.Step() {
		if err := row(statement); err != nil {
			return errors.Join(err, statement.Reset())
		}
	}
	// An error of the last step comes from Err or from Reset, depending on where it was noticed.
	if err := statement.Err(); err != nil {
		return errors.Join(err, statement.Reset())
	}
	return statement.Reset()
}

// put writes a record as a row of its table.
func put[T any](c *conn, t *table[T], record *T) error {
	statement, err := c.statement(t.insert)
	if err != nil {
		return err
	}
	b := binder{statement: statement}
	t.columns(&b, record)
	if b.err != nil {
		return b.err
	}
	return statement.Exec()
}

// selectRows reads the records of a table that a condition selects.
func selectRows[T any](c *conn, t *table[T], condition string, args ...any) (list []*T, err error) {
	err = c.rows(t.from+condition, args, func(statement *sqlite3.Stmt) error {
		record := new(T)
		r := reader{statement: statement}
		t.columns(&r, record)
		list = append(list, record)
		return r.err
	})
	return list, err
}

// query runs a query, which ends when ctx does.
func (c *conn) query(ctx context.Context, query func(*conn) error) error {
	defer c.db.SetInterrupt(c.db.SetInterrupt(ctx))
	err := query(c)
	if errors.Is(err, sqlite3.INTERRUPT) && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// transaction runs f within a transaction, all of which is undone if it fails.
func (c *conn) transaction(f func() error) (err error) {
	tx, err := c.db.BeginImmediate()
	if err != nil {
		return err
	}
	defer tx.End(&err)
	return f()
}
