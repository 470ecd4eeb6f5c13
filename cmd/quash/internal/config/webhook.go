package config

import (
	"bytes"
	"fmt"
	"os"
)

// Webhook is what the operator says of the webhook that quash serve takes.
type Webhook struct {
	// SecretFile holds the webhook's secret. Of the file, white space at both ends is dropped.
	SecretFile string `yaml:"secret_file"`
	// OldSecretFile holds the secret that is being replaced: while it is set, both are taken.
	OldSecretFile string `yaml:"old_secret_file"`
	// Hook is the webhook itself, "orgs/NAME/ID", "repos/OWNER/NAME/ID", or "app" for that of the App which --app-id names: its failed
	// deliveries are asked for again, which wants a credential that may manage it. Empty: none are.
	Hook string `yaml:"hook"`
	// Checks puts a check run on every pushed commit, which wants an App's credential.
	Checks bool `yaml:"checks"`
}

// Secrets are the webhook's secrets: those of the files, or else those of QUASH_WEBHOOK_SECRET and QUASH_WEBHOOK_SECRET_OLD.
// There may be none.
func (c Config) Secrets(getenv func(string) string) ([][]byte, error) {
	var all [][]byte
	for _, at := range [...]struct{ field, file, env string }{
		{"webhook.secret_file", c.Webhook.SecretFile, "QUASH_WEBHOOK_SECRET"},
		{"webhook.old_secret_file", c.Webhook.OldSecretFile, "QUASH_WEBHOOK_SECRET_OLD"},
	} {
		secret := []byte(getenv(at.env))
		if at.file != "" {
			var err error
			if secret, err = os.ReadFile(c.Path(at.file)); err != nil {
				return nil, fmt.Errorf("%s: %w; put the webhook's secret there", at.field, err)
			}
			if len(bytes.TrimSpace(secret)) == 0 {
				return nil, fmt.Errorf("%s: the file is empty; put the webhook's secret there", at.field)
			}
		}
		if secret = bytes.TrimSpace(secret); len(secret) > 0 {
			all = append(all, secret)
		}
	}
	return all, nil
}
