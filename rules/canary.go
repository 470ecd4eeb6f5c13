package rules

import (
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"slices"
)

// Canary returns who planted a key, where its account is one of those that [File].Canaries lists. No request is made: the account is
// read out of the key itself.
func (r *Rule) Canary(token string) (by string, ok bool) {
	if len(r.file.Canaries) == 0 {
		return "", false
	}
	account, ok := AWSAccount(token)
	if !ok {
		return "", false
	}
	for _, c := range r.file.Canaries {
		if slices.Contains(c.Accounts, account) {
			return c.By, true
		}
	}
	return "", false
}

// awsKeyForm is an access key id of AWS that holds its account. Ids whose fifth letter is below Q are older and do not.
var awsKeyForm = form(`^A(?:KIA|SIA)[Q-Z2-7][A-Z2-7]{15}$`)

// AWSAccount reads the account number, twelve digits, out of an access key id of AWS. ok is false for ids that do not hold it. The
// sixteen characters after the kind are base32; the account is the 40 bits after the first (Tal Be'ery, "A short note on AWS KEY ID",
// 2023; what AWS says of a key is the same: sts get-access-key-info).
func AWSAccount(keyID string) (account string, ok bool) {
	if !awsKeyForm().MatchString(keyID) {
		return "", false
	}
	data, err := base32.StdEncoding.DecodeString(keyID[4:])
	if err != nil {
		return "", false
	}
	bits := binary.BigEndian.Uint64(data[:8]) >> 16 // the first 48
	return fmt.Sprintf("%012d", bits&0x7fffffffff80>>7), true
}

// accountForm is an account number of AWS.
var accountForm = form(`^[0-9]{12}$`)

// canaries checks what the file says of canary accounts.
func (c *checker) canaries() {
	for i, k := range c.file.Canaries {
		if k.By == "" || len(k.Docs) == 0 || len(k.Accounts) == 0 {
			c.addf(at{"canaries", i}, "", "canaries: say who issues them (by), the page that says so (docs) and their accounts")
		}
		for _, account := range k.Accounts {
			if !accountForm().MatchString(account) {
				c.addf(at{"canaries", i}, "", "canaries: account %q: twelve digits are wanted, in quotes", account)
			}
		}
	}
}
