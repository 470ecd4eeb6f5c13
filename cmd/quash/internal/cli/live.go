package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/quash-sh/quash/cmd/quash/internal/config"
	"github.com/quash-sh/quash/cmd/quash/internal/forge"
	"github.com/quash-sh/quash/cmd/quash/internal/live"
	"github.com/quash-sh/quash/scanner"
)

// openLive opens tickets where they are kept. It opens no connection.
func (r *run) openLive(name string, idKey scanner.Secret) (target, error) {
	s := r.flags
	if s.staged || s.commits != "" || s.source != "" {
		return target{}, fmt.Errorf("%s is read through an API; --staged, --range and --source do not go with it", name)
	}
	lists, err := r.g.baselines(nil, s.baseline)
	if err != nil {
		return target{}, err
	}
	t := target{name: name, lists: lists}
	if err := r.newScanner(&t, "", config.Scan{}, idKey); err != nil {
		return target{}, err
	}
	o := live.Options{Since: s.from, Parts: s.parts, Fields: r.fields(), Progress: r.bar.source}
	if t.memory != nil {
		o.Past, _ = recall[live.State](t.memory, liveSchema)
	}
	if agiled, ok := strings.CutPrefix(name, live.AgiledScheme); ok {
		t.source, err = r.agiledTickets(agiled, o)
		return t, err
	}
	api, _, err := r.g.github(r.config, appFlags{})
	if err == nil {
		t.source, err = live.OpenGitHub(api, strings.TrimPrefix(name, live.GitHubScheme), o)
	}
	return t, err
}

// openWiki adds the wiki of a repository whose issues are read, a git repository, as a target of its own. Why it could not be fetched is a
// gap, and no reason to read nothing else.
func (r *run) openWiki(ctx context.Context, name string, idKey scanner.Secret) error {
	at, ok := strings.CutPrefix(name, live.GitHubScheme)
	if !ok || !strings.Contains(at, "/") || !(live.Options{Parts: r.flags.parts}).Reads(live.PartWiki) {
		return nil
	}
	lists, err := r.g.baselines(nil, r.flags.baseline)
	if err != nil {
		return err
	}
	api, access, err := r.g.github(r.config, appFlags{})
	if err != nil {
		return err
	}
	wiki, has, err := api.Wiki(ctx, at)
	if forge.Status(err) == http.StatusNotFound || err == nil && !has {
		return nil // a repository that is not there is told by what reads its issues
	}
	t := target{name: name + ".wiki", lists: lists, repository: &wiki}
	if err != nil {
		err = errors.New(forge.Cause(err))
	} else if err = r.newScanner(&t, "", config.Scan{}, idKey); err == nil {
		var mirror string
		if mirror, err = r.fetch(ctx, wiki, &t, forge.MirrorOptions{Access: access}); err == nil {
			t.source, err = r.openSource(ctx, &t, mirror)
		}
	}
	switch {
	case forge.NoSuch(err):
		r.notes = append(r.notes, fmt.Sprintf("the wiki of %s has no page", at))
	case err != nil:
		r.gap("wiki of "+at, err.Error(), "run the same command again; --parts leaves it out")
	default:
		r.targets = append(r.targets, t)
		return nil
	}
	return t.close()
}

// agiledTickets opens the tickets of the organisation whose key the configuration names.
func (r *run) agiledTickets(rest string, o live.Options) (scanner.Source, error) {
	if rest != "" {
		return nil, fmt.Errorf("%s takes no name: the key of the configuration says whose tickets they are", live.AgiledScheme)
	}
	a := live.AgiledOptions{Base: r.config.Agiled.BaseURL, Networks: r.config.Network.Allow, Clock: r.g.env.clock(), Agent: "quash/" + Version()}
	key, err := r.g.tokenAt(r.config, "agiled.review_key", r.config.Agiled.ReviewKey)
	if err != nil {
		return nil, err
	}
	a.Key = key
	return live.OpenAgiled(a, o)
}

// keepLive remembers a scan of live tickets for the next one: the parts that were read to their end.
func (r *run) keepLive(t target, src *live.Source, stats scanner.Stats) {
	if len(stats.Gaps) > src.Gaps() {
		r.notes = append(r.notes, "--incremental: what was seen is not remembered, since not all of it could be searched")
		return
	}
	_, again := recall[live.State](t.memory, liveSchema)
	if err := remember(t.memory, liveSchema, src.State()); err != nil {
		r.notes = append(r.notes, fmt.Sprintf("--incremental: not remembered, so the next run reads everything: %v", err))
		return
	}
	if again {
		r.notes = append(r.notes, fmt.Sprintf("--incremental: of %s what changed since the last run was read; quash show has what was found before", t.name))
	}
}
