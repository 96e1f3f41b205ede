package exchange

import (
	"bufio"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/url"
)

var errProxyRefused = errors.New("the proxy did not connect")

// forWebSockets makes ws URLs go through an HTTP proxy by CONNECT, as RFC 6455 §4.1 wants. Net/http
// would ask the proxy for the URL itself, and hardly one passes an upgrade on. Proxies of other kinds,
// and wss URLs, are in good hands there.
func forWebSockets(choose func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return func(request *http.Request) (*url.URL, error) {
		proxy, err := choose(request)
		tied, ok := request.Context().Value(tiedDialKey{}).(*tiedDial)
		if err != nil || proxy == nil || !ok || proxy.Scheme != "http" || request.URL.Scheme != "http" {
			return proxy, err
		}
		tied.proxy = proxy
		return nil, nil
	}
}

// connectThrough must not read beyond the proxy's answer; what follows it waits for us to speak first.
func connectThrough(conn net.Conn, proxy *url.URL, address string) error {
	request := &http.Request{
		Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: http.Header{},
	}
	if user := proxy.User; user != nil {
		password, _ := user.Password()
		credentials := base64.StdEncoding.EncodeToString([]byte(user.Username() + ":" + password))
		request.Header.Set("Proxy-Authorization", "Basic "+credentials)
	}
	if err := request.Write(conn); err != nil {
		return err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), request)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return errProxyRefused
	}
	return nil
}

func hostPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	return net.JoinHostPort(u.Hostname(), "80")
}
