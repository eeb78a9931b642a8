package cosmos

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"
)

// times bound requests.
type times struct {
	answer   time.Duration // for one request, until it is given up
	patience time.Duration // for a request and its repetitions
	end      time.Duration // for the service to end a request that was given up; see lost
}

// call makes a request, and repeats it for as long as it fails for a cause that may pass, and patience lasts.
func (t *Table) call(ctx context.Context, doing string, request func(context.Context) error) error {
	begun := time.Now()
	for backoff := 20 * time.Millisecond; ; backoff = min(2*backoff, time.Second) {
		err := t.once(ctx, request)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return t.explain(doing, ctx.Err())
		}
		delay := askedDelay(err)
		if delay == 0 {
			delay = backoff/2 + rand.N(backoff)
		}
		if !mayPass(err) || time.Since(begun)+delay > t.times.patience {
			return t.explain(doing, err)
		}
		if err := sleep(ctx, delay); err != nil {
			return t.explain(doing, err)
		}
	}
}

func (t *Table) once(ctx context.Context, request func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, t.times.answer)
	defer cancel()
	return request(ctx)
}

// change is call for a request that changes rows.
func (t *Table) change(ctx context.Context, doing string, request func(context.Context) error) error {
	return t.call(ctx, doing, func(ctx context.Context) error {
		err := request(ctx)
		if err != nil && isOpen(err) {
			t.lost.note(time.Now().Add(t.times.end))
		}
		return err
	})
}

// mayPass tells whether the cause of an error may pass.
func mayPass(err error) bool {
	switch status(err) {
	case noStatus: // there was no answer, or not all of it
		return !isCredential(err)
	case http.StatusRequestTimeout, http.StatusGone, http.StatusTooManyRequests, statusRetryWith, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	case http.StatusNotFound:
		return subStatus(err) == subReadSessionNotAvailable || subStatus(err) == subBeingCreated
	}
	return false
}

// isOpen tells whether an error leaves it open whether the change was or will be made.
func isOpen(err error) bool {
	switch status(err) {
	case noStatus:
		return !isCredential(err) && !isUnsent(err)
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable,
		http.StatusGatewayTimeout:
		return !errors.As(err, new(*batchError)) // a batch that says so was undone
	}
	return false
}

// isUnsent tells whether an error says that there was no connection to send a request by.
func isUnsent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial" || errors.As(err, new(*tls.CertificateVerificationError))
}

// askedDelay returns for how long the service asks to wait, or zero.
func askedDelay(err error) time.Duration {
	ms, _ := strconv.ParseInt(headerOf(err, "x-ms-retry-after-ms"), 10, 64) // absent: zero
	return time.Duration(ms) * time.Millisecond
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
