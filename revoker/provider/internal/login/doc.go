// Package login tells whether a database takes a password, by the login handshake alone: it logs in, sends no query, and leaves.
//
// It speaks as much of four protocols as a login wants: PostgreSQL (and what speaks it), MySQL and MariaDB, MongoDB, Redis. It
// dials nothing: the caller hands it a connection, and with it the decision that the host may be asked.
//
// An [Answer] has three results. Refused is only what a server says of the user and the password; a server that is full, that
// does not take this address, or that wants another kind of login is Unclear. What answers in no known way is Unclear too. MySQL refuses a
// right password in the words of a wrong one where it comes from an address that the account is not of, which Answer.Elsewhere says.
//
// A password is shown as little as the server allows:
//
//   - TLS is asked for first, where the protocol can start it. A certificate that is not valid for the host does not end the
//     login, because databases often have one of their own; it only means that the connection is not trusted.
//   - The password itself is sent over a trusted connection, over loopback, or where the caller allows it (Request.Plain). All
//     else is answered by a challenge: SCRAM (RFC 5802, RFC 7677), MySQL's scrambles, PostgreSQL's md5. A server may try to guess
//     a weak password from the answer to a challenge, which is why hosts are the operator's choice.
//   - MySQL's exchange by the server's RSA key is not used: nothing says whose key it is.
//
// What a server sends is bounded in length, and the work of a SCRAM challenge in rounds; its texts are never passed on, only codes of
// a fixed form. The whole login ends with its context.
package login
