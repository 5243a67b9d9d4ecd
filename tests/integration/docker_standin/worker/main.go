// Worker is what the test images' build steps run, as an image FROM scratch has no shell.
package main

import (
	"fmt"
	"os"
	"time"
)

func main() {
	switch os.Args[1] {
	case "fail":
		for number := range 40 {
			fmt.Println("line", number)
		}
		os.Exit(3)
	case "tell":
		secret, err := os.ReadFile("/run/secrets/token")
		fmt.Println("the secret is", string(secret), err)
	case "sleep":
		fmt.Println("sleeping")
		time.Sleep(time.Minute)
	}
}
