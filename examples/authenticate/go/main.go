// SPDX-License-Identifier: Apache-2.0

// A server that lets in devices of one product: go run main.go DIRECTORY PRODUCT VERIFY_URL
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"
)

type verdict struct {
	Trusted bool   `json:"trusted"`
	Reason  string `json:"reason"`
	Because string `json:"because"`
	Serial  string `json:"serial"`
}

func main() {
	directory, product, verifyURL := os.Args[1], os.Args[2], os.Args[3]
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(read(directory + "/roots.pem")) {
		log.Fatal("no root in roots.pem")
	}
	asker := &http.Client{
		Timeout: 5 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{
			RootCAs:      roots,
			Certificates: []tls.Certificate{pair(directory, "asker")},
		}},
	}
	handler := http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		// 2. and 3.: not revoked, and of the product that we expect: asked anew for each request, so that
		// a connection that stands does not outlive the trust in its device.
		peer, err := ask(asker, verifyURL, request.TLS.PeerCertificates[0], product)
		if err != nil {
			log.Printf("cannot verify: %v", err) // closed: whoever cannot be judged does not come in
			http.Error(answer, "try again later", http.StatusServiceUnavailable)
			return
		}
		if !peer.Trusted {
			log.Printf("refused: %s: %s", peer.Reason, peer.Because)
			http.Error(answer, peer.Reason, http.StatusForbidden)
			return
		}
		fmt.Fprintf(answer, "hello %s\n", peer.Serial)
	})
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		TLSConfig: &tls.Config{
			MinVersion:   tls.VersionTLS12,
			Certificates: []tls.Certificate{pair(directory, "server")},
			// 1.: a chain to the roots of our devices; Go also demands the purpose of TLS clients.
			ClientAuth: tls.RequireAndVerifyClientCert,
			ClientCAs:  roots,
		},
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on %d\n", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(server.ServeTLS(listener, "", ""))
}

func ask(client *http.Client, url string, leaf *x509.Certificate, product string) (*verdict, error) {
	question, err := json.Marshal(map[string]string{
		"chain":   base64.StdEncoding.EncodeToString(leaf.Raw),
		"product": product,
	})
	if err != nil {
		return nil, err
	}
	answer, err := client.Post(url, "application/json", bytes.NewReader(question))
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s says %s", url, answer.Status)
	}
	var peer verdict
	return &peer, json.NewDecoder(answer.Body).Decode(&peer)
}

func pair(directory, name string) tls.Certificate {
	certificate, err := tls.LoadX509KeyPair(directory+"/"+name+".pem", directory+"/"+name+".key")
	if err != nil {
		log.Fatal(err)
	}
	return certificate
}

func read(name string) []byte {
	text, err := os.ReadFile(name)
	if err != nil {
		log.Fatal(err)
	}
	return text
}
