package store

import (
	"strings"
	"testing"
)

func TestAudit(t *testing.T) {
	good := KeyRecord{Name: "Warehouse sync - production - Ops", Owner: "ops", StoredAt: "vault", RotateBy: at.AddDate(0, 1, 0), Preset: "full", Purpose: "sync"}
	for name, c := range map[string]struct {
		change func(*KeyRecord)
		want   string
	}{
		"good":           {func(*KeyRecord) {}, ""},
		"unnamed":        {func(k *KeyRecord) { k.Name = "New key" }, "its name"},
		"ownerless":      {func(k *KeyRecord) { k.Owner = "" }, "nobody owns"},
		"kept nowhere":   {func(k *KeyRecord) { k.StoredAt = "" }, "where it is kept"},
		"overdue":        {func(k *KeyRecord) { k.RotateBy = at.AddDate(0, 0, -1) }, "rotated by 2026-11-21"},
		"expired":        {func(k *KeyRecord) { k.Expires = at.AddDate(0, 0, -1) }, "expired on 2026-11-21"},
		"unused":         {func(k *KeyRecord) { k.LastUsed = at.AddDate(0, -3, 0) }, "last used"},
		"full reporting": {func(k *KeyRecord) { k.Purpose = "reporting" }, "may write"},
		"replaced":       {func(k *KeyRecord) { k.ReplacedBy = "q-2" }, "replaced by q-2"},
		"retired":        {func(k *KeyRecord) { k.Retired = at; k.Name = "" }, ""},
	} {
		k := good
		c.change(&k)
		points := k.Audit(at)
		if c.want == "" && len(points) > 0 || c.want != "" && (len(points) != 1 || !strings.Contains(points[0], c.want)) {
			t.Errorf("%s: %v", name, points)
		}
	}
}
