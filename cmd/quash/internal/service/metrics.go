package service

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/quash-sh/quash/cmd/quash/internal/jobs"
)

// Metrics are numbers for Prometheus. Their labels are words of ours alone.
type Metrics struct {
	registry   *prometheus.Registry
	deliveries *prometheus.HistogramVec
	work       *prometheus.HistogramVec
	answers    *prometheus.CounterVec
}

// NewMetrics makes them. count counts the jobs when they are asked for.
func NewMetrics(version string, count func(context.Context) ([]jobs.Count, error)) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		deliveries: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "quash_delivery_seconds", Help: "Webhook deliveries, by event and answer, and how long the answer took.",
			Buckets: []float64{.005, .02, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"event", "status"}),
		work: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "quash_job_seconds", Help: "Runs of jobs, by kind and result (done, later, again, set_aside), and how long they took.",
			Buckets: []float64{.01, .1, .5, 1, 5, 30, 120, 600},
		}, []string{"kind", "result"}),
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "quash_answers_total", Help: "Answers of keys, by the stage that they reached.",
		}, []string{"stage"}),
	}
	build := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "quash_build_info", Help: "1, with the version of the program.", ConstLabels: prometheus.Labels{"version": version},
	}, func() float64 { return 1 })
	m.registry.MustRegister(m.deliveries, m.work, m.answers, build, jobCollector{count},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Delivery notes an answer to a delivery.
func (m *Metrics) Delivery(event, status string, took time.Duration) {
	m.deliveries.WithLabelValues(event, status).Observe(took.Seconds())
}

// Job notes a run of a job.
func (m *Metrics) Job(kind, result string, took time.Duration) {
	m.work.WithLabelValues(kind, result).Observe(took.Seconds())
}

// Answer notes the stage that a key reached.
func (m *Metrics) Answer(stage string) { m.answers.WithLabelValues(stage).Inc() }

func (m *Metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// jobCollector counts the jobs in the database.
type jobCollector struct {
	count func(context.Context) ([]jobs.Count, error)
}

// jobsDesc is the metric of the jobs in the database; state discarded are those that were set aside.
func jobsDesc() *prometheus.Desc {
	return prometheus.NewDesc("quash_jobs", "Jobs in the database, by kind and state; discarded ones were set aside.", []string{"kind", "state"}, nil)
}

// Describe implements prometheus.Collector.
func (c jobCollector) Describe(to chan<- *prometheus.Desc) { to <- jobsDesc() }

// Collect implements prometheus.Collector.
func (c jobCollector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	counts, err := c.count(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(jobsDesc(), err)
		return
	}
	for _, n := range counts {
		to <- prometheus.MustNewConstMetric(jobsDesc(), prometheus.GaugeValue, float64(n.Jobs), n.Kind, n.State)
	}
}
