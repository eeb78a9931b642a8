package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"
)

// latencies are sorted, shortest first.
type latencies []time.Duration

// quantile gives the latency that the fraction q of all does not exceed, rounded to whole microseconds.
func (l latencies) quantile(q float64) time.Duration {
	if len(l) == 0 {
		return 0
	}
	return l[min(int(q*float64(len(l))), len(l)-1)].Round(time.Microsecond)
}

func (r result) perSecond() float64 { return float64(len(r.latency)) / r.elapsed.Seconds() }

// report writes a table of the results, and of how the first target compares with the second where there are two. It
// returns an error when any operation failed.
func report(w io.Writer, cfg config, results []result) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "op\tendpoint\tsize\tclients\tops\tops/s\tMB/s\tp50\tp99\tcpu/op\trss\tpeak rss\terrors\t")
	for _, r := range results {
		cpu, rss, peak := "-", "-", "-"
		if r.usage != nil {
			cpu = (r.usage.cpu / time.Duration(max(1, len(r.latency)))).Round(time.Microsecond).String()
			rss, peak = formatMiB(r.usage.rss), formatMiB(r.usage.peak)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%.0f\t%.1f\t%s\t%s\t%s\t%s\t%s\t%d\t\n",
			r.op, r.target.endpoint, formatSize(cfg.size), r.clients, len(r.latency), r.perSecond(),
			float64(r.bytes)/1e6/r.elapsed.Seconds(), r.latency.quantile(0.50), r.latency.quantile(0.99),
			cpu, rss, peak, r.errors)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(cfg.targets) == 2 {
		reportRatios(w, cfg, results)
	}
	for _, r := range results {
		if r.err != nil {
			return fmt.Errorf("%s on %s: %d operations failed, one of them with: %w", r.op, r.target.endpoint, r.errors, r.err)
		}
	}
	return nil
}

// reportRatios compares the median rates of the two targets.
func reportRatios(w io.Writer, cfg config, results []result) {
	fmt.Fprintf(w, "\nops/s of %s over %s:\n", cfg.targets[0].endpoint, cfg.targets[1].endpoint)
	for _, op := range cfg.ops {
		fmt.Fprintf(w, "%8s  %.2f\n", op, medianRate(results, op, cfg.targets[0])/medianRate(results, op, cfg.targets[1]))
	}
}

func medianRate(results []result, op string, t target) float64 {
	var rates []float64
	for _, r := range results {
		if r.op == op && r.target == t {
			rates = append(rates, r.perSecond())
		}
	}
	slices.Sort(rates)
	return (rates[(len(rates)-1)/2] + rates[len(rates)/2]) / 2
}

func formatMiB(bytes int64) string { return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20)) }

func formatSize(bytes int64) string {
	for i, unit := range []string{"GiB", "MiB", "KiB"} {
		if factor := int64(1) << (10 * (3 - i)); bytes >= factor && bytes%factor == 0 {
			return strconv.FormatInt(bytes/factor, 10) + unit
		}
	}
	return strconv.FormatInt(bytes, 10)
}
