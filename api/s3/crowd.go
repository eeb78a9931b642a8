package s3

import (
	"cmp"
	"errors"
	"math"
	"time"

	"github.com/rs/zerolog"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/internal/limit"
)

// crowd bounds how many requests are answered at once. Each has a goroutine, a connection, buffers and often a file. When there
// are too many, one more makes all of them slower and helps nobody, so it is told to come again, before anything is done for
// it. Clients that receive slowly count as long as they do.
type crowd struct {
	most    int64
	present limit.Usage
	log     zerolog.Logger // of few of those that are turned away
}

var errCrowded = errors.New("too many requests are being answered")

func newCrowd(config Config) crowd {
	return crowd{
		most: cmp.Or(config.MaxRequests, math.MaxInt64),
		log:  config.Log.Sample(&zerolog.BurstSampler{Burst: 1, Period: 10 * time.Second}),
	}
}

// enter lets a request be answered, which then leaves. It gives SlowDown, at once, when there are too many.
func (c *crowd) enter() error {
	if c.present.Take(1, c.most) {
		return nil
	}
	c.log.Warn().Int64("requests", c.most).Msg("telling clients to slow down, because so many requests are being answered: see server.max_requests")
	refusal := api.NewError(api.SlowDown)
	refusal.Cause = errCrowded
	return refusal
}

func (c *crowd) leave() { c.present.Give(1) }
