// SPDX-License-Identifier: Apache-2.0

// shipper sends events by Elastic's own client of the Beats protocol and says which were acknowledged.
//
//	shipper ADDRESS AUTHORITY BATCHES SIZE LEVEL AHEAD
//
// AUTHORITY is a PEM file for TLS, or - for none. Events are {"message": "N"}, N from 0; `acked N` is written when all
// below N are acknowledged. With AHEAD 0 it waits for each batch, connects again when that fails and goes on with
// what was not acknowledged, for a minute at most; else so many batches are under way, and a failure ends it.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	lumber "github.com/elastic/go-lumber/client/v2"
)

const patience = time.Minute

var dial func(network, address string) (net.Conn, error)

func fail(err error) {
	fmt.Fprintln(os.Stderr, "shipper:", err)
	os.Exit(1)
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		fail(err)
	}
	return n
}

func dialer(authority string) func(network, address string) (net.Conn, error) {
	if authority == "-" {
		return net.Dial
	}
	pem, err := os.ReadFile(authority)
	if err != nil {
		fail(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return func(network, address string) (net.Conn, error) {
		return tls.Dial(network, address, &tls.Config{RootCAs: roots, ServerName: "localhost"})
	}
}

func batch(first, size int) []interface{} {
	events := make([]interface{}, size)
	for i := range events {
		events[i] = map[string]interface{}{"message": strconv.Itoa(first + i), "agent": map[string]string{"type": "go"}}
	}
	return events
}

func waiting(address string, total, size int, options ...lumber.Option) {
	var client *lumber.SyncClient
	var err error
	failing := time.Time{}
	for next := 0; next < total; {
		if client == nil {
			client, err = lumber.SyncDialWith(dial, address, options...)
		}
		if err == nil {
			var done int
			wanted := size
			if total-next < wanted {
				wanted = total - next
			}
			done, err = client.Send(batch(next, wanted))
			next += done
			if done > 0 {
				fmt.Println("acked", next)
				failing = time.Time{}
			}
		}
		if err != nil {
			if client != nil {
				client.Close()
				client = nil
			}
			if failing.IsZero() {
				failing = time.Now()
			} else if time.Since(failing) > patience {
				fail(err)
			}
			err = nil
			time.Sleep(10 * time.Millisecond)
		}
	}
	client.Close()
}

func ahead(address string, total, size, inflight int, options ...lumber.Option) {
	client, err := lumber.AsyncDialWith(dial, address, inflight, options...)
	if err != nil {
		fail(err)
	}
	var open sync.WaitGroup
	for next := 0; next < total; next += size {
		first := next
		open.Add(1)
		err = client.Send(func(done uint32, err error) {
			if err != nil {
				fail(err)
			}
			fmt.Println("acked", first+int(done))
			open.Done()
		}, batch(first, size))
		if err != nil {
			fail(err)
		}
	}
	open.Wait()
	client.Close()
}

func main() {
	if len(os.Args) != 7 {
		fail(fmt.Errorf("usage: shipper ADDRESS AUTHORITY BATCHES SIZE LEVEL AHEAD"))
	}
	size := number(os.Args[4])
	total := number(os.Args[3]) * size
	dial = dialer(os.Args[2])
	options := []lumber.Option{lumber.Timeout(30 * time.Second), lumber.CompressionLevel(number(os.Args[5]))}
	if inflight := number(os.Args[6]); inflight > 0 {
		ahead(os.Args[1], total, size, inflight, options...)
	} else {
		waiting(os.Args[1], total, size, options...)
	}
}
