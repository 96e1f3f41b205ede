package exchange

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
)

// TLS replaces what k6's own options say: certificates as PEM texts. It can be the key of a map.
type TLS struct {
	CA, Cert, Key string
	Insecure      bool
}

// Config is the own configuration of a VU with these options in it. Versions, cipher suites and the
// key log stay k6's.
func (o TLS) Config(own *tls.Config) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if own != nil {
		config = own.Clone()
	}
	config.InsecureSkipVerify = o.Insecure
	config.RootCAs, config.Certificates = nil, nil
	config.NameToCertificate = nil //nolint:staticcheck // k6 sets it
	if o.CA != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM([]byte(o.CA)) {
			return nil, errors.New("tls.ca must hold a certificate as PEM text, got none")
		}
	}
	if o.Cert != "" {
		pair, err := tls.X509KeyPair([]byte(o.Cert), []byte(o.Key))
		if err != nil {
			return nil, fmt.Errorf("tls.cert and tls.key must be a certificate and its key as PEM texts: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// TransportTLS is like Transport, with TLS options of its own.
func TransportTLS(own *http.Transport, options TLS) (*http.Transport, error) {
	config, err := options.Config(own.TLSClientConfig)
	if err != nil {
		return nil, err
	}
	clone := Transport(own)
	clone.TLSClientConfig = config
	return clone, nil
}
