package lifecycle

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"

	usersv1 "polyglot/services/gen/shop/users/v1"
	"polyglot/services/internal/health"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

func TestDrainFinishesAnHTTPRequestInFlightAndRefusesNewOnes(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	state := health.NewState()
	state.Ready()
	mux := http.NewServeMux()
	mux.HandleFunc("/slow", func(response http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-release
		_, _ = io.WriteString(response, "done")
	})
	mux.HandleFunc("/ready", state.ReadyHandler)
	listener := listen(t)
	address := "http://" + listener.Addr().String()
	ctx, terminate := context.WithCancel(t.Context())
	ended, draining := make(chan error, 1), make(chan struct{})
	go func() {
		ended <- Run(ctx, time.Minute, func() { state.Drain(); close(draining) }, HTTP("http", listener, mux))
	}()
	body := make(chan string, 1)
	go func() {
		response, err := http.Get(address + "/slow")
		if err != nil {
			body <- err.Error()
			return
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		body <- string(text)
	}()
	<-entered
	terminate()
	<-draining
	waitFor(t, "new connections are refused", func() bool {
		connection, err := net.Dial("tcp", listener.Addr().String())
		if err == nil {
			_ = connection.Close()
		}
		return err != nil
	})
	select {
	case err := <-ended:
		t.Fatalf("Run ended (%v) with a request in flight", err)
	default:
	}
	close(release)
	if got := <-body; got != "done" {
		t.Errorf("the request in flight got %q", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("a clean drain ended with %v", err)
	}
}

type slowUsers struct {
	usersv1.UnimplementedUserServiceServer
	entered, release chan struct{}
}

func (s slowUsers) GetUser(context.Context, *usersv1.GetUserRequest) (*usersv1.GetUserResponse, error) {
	close(s.entered)
	<-s.release
	return &usersv1.GetUserResponse{}, nil
}

func TestDrainFinishesAGRPCCallInFlightAndReportsNotServing(t *testing.T) {
	users := slowUsers{entered: make(chan struct{}), release: make(chan struct{})}
	state := health.NewState("shop.users.v1.UserService")
	state.Ready()
	server := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(server, state.GRPC())
	usersv1.RegisterUserServiceServer(server, users)
	listener := listen(t)
	ctx, terminate := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, time.Minute, state.Drain, GRPC("grpc", listener, server)) }()
	connection, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	for _, service := range []string{"", "shop.users.v1.UserService"} {
		check, err := grpc_health_v1.NewHealthClient(connection).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: service})
		if err != nil || check.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
			t.Fatalf("the health of %q is %v, %v", service, check, err)
		}
	}
	watch, stopWatching := context.WithCancel(t.Context())
	defer stopWatching()
	stream, err := grpc_health_v1.NewHealthClient(connection).Watch(watch, &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() {
		_, err := usersv1.NewUserServiceClient(connection).GetUser(context.Background(), &usersv1.GetUserRequest{})
		answered <- err
	}()
	<-users.entered
	terminate()
	for {
		update, err := stream.Recv()
		if err != nil {
			t.Fatalf("the watch ended before it said NOT_SERVING: %v", err)
		}
		if update.GetStatus() == grpc_health_v1.HealthCheckResponse_NOT_SERVING {
			break
		}
	}
	stopWatching()
	close(users.release)
	if err := <-answered; err != nil {
		t.Errorf("the call in flight got %v", err)
	}
	if err := <-ended; err != nil {
		t.Errorf("a clean drain ended with %v", err)
	}
}

func TestAServerThatFailsStopsTheOthers(t *testing.T) {
	stopped := false
	err := Run(t.Context(), time.Minute, func() {},
		Server{Name: "broken", Serve: func() error { return errors.New("no") }, Shutdown: func(context.Context) error { return nil }},
		Server{Name: "sound", Serve: func() error { return nil }, Shutdown: func(context.Context) error { stopped = true; return nil }})
	if err == nil || err.Error() != "serve broken: no" || !stopped {
		t.Errorf("the error is %v; the other was stopped: %v", err, stopped)
	}
}

func waitFor(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if condition() {
			return
		}
	}
	t.Fatalf("not within 5 s: %s", what)
}
