package provider

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// LoginOptions are the servers that a login may be tried at, where a key stands in the address of one.
type LoginOptions struct {
	// Hosts are hosts ("db.acme.example"), all hosts of a domain ("*.db.acme.example"), IP addresses and networks in CIDR form. A
	// host is taken by its name as the address writes it. A network stands for addresses that are written as such, and allows that
	// the name of a listed host leads to an address in it that is not public.
	Hosts []string
	// Plain are those of the hosts, in the same form, that may be shown the password itself over a connection without encryption,
	// or with a certificate that is not valid for the host.
	Plain []string
	// Resolver looks names up. nil: the machine's.
	Resolver *net.Resolver
}

// hostList is a list of hosts.
type hostList struct {
	names, suffixes []string
	networks        []netip.Prefix
}

// hostForm is a host's name in small letters.
var hostForm = regexp.MustCompile(`^[0-9a-z_]([0-9a-z_-]*[0-9a-z])?(\.[0-9a-z_]([0-9a-z_-]*[0-9a-z])?)*$`)

// readHosts reads a list. Its errors name the setting and the place in the list, and quote nothing.
func readHosts(setting string, list []string) (hostList, error) {
	var h hostList
	for i, entry := range list {
		if !h.add(entry) {
			return h, fmt.Errorf(`%s, entry %d: not a host ("db.acme.example"), the hosts of a domain ("*.db.acme.example"), an address or a network ("10.20.0.0/16"), in small letters`,
				setting, i+1)
		}
	}
	return h, nil
}

// add takes one entry of a list, if it is one. All hosts of a top-level domain, and all addresses, are none.
func (h *hostList) add(entry string) bool {
	if network, err := netip.ParsePrefix(entry); err == nil {
		h.networks = append(h.networks, network.Masked())
		return network.Bits() > 0
	}
	if addr, err := netip.ParseAddr(entry); err == nil {
		h.networks = append(h.networks, netip.PrefixFrom(addr, addr.BitLen()))
		return addr.Zone() == ""
	}
	domain, all := strings.CutPrefix(entry, "*")
	if all {
		h.suffixes = append(h.suffixes, domain)
		return strings.HasPrefix(domain, ".") && strings.Contains(domain[1:], ".") && hostForm.MatchString(domain[1:])
	}
	h.names = append(h.names, entry)
	return hostForm.MatchString(entry)
}

// has says whether the list names a host.
func (h hostList) has(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return within(addr, h.networks)
	}
	return slices.Contains(h.names, host) || slices.ContainsFunc(h.suffixes, func(s string) bool { return strings.HasSuffix(host, s) })
}
