package edge

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	ordersv1 "polyglot/services/gen/shop/orders/v1"
	recommendationsv1 "polyglot/services/gen/shop/recommendations/v1"
	usersv1 "polyglot/services/gen/shop/users/v1"
)

const (
	// maxBody limits a request's body, in bytes; 100 items of long ids stay far below it.
	maxBody = 64 << 10
	// shownRecommendations is how many recommendations a page has at most.
	shownRecommendations = 10
)

// createOrder takes an order. A client that repeats a request with the same Idempotency-Key gets the first one's order.
func (e *Edge) createOrder(response http.ResponseWriter, request *http.Request) {
	key := request.Header.Get("Idempotency-Key")
	if key == "" {
		writeProblem(response, request, http.StatusBadRequest,
			"the header Idempotency-Key is missing: without it a repeated request would order twice")
		return
	}
	var body newOrder
	decoder := json.NewDecoder(http.MaxBytesReader(response, request.Body, maxBody))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&body)
	if err == nil && decoder.Decode(&struct{}{}) != io.EOF {
		err = errors.New("there is more than one JSON value")
	}
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		writeProblem(response, request, http.StatusRequestEntityTooLarge, err.Error())
		return
	}
	if err != nil {
		writeProblem(response, request, http.StatusBadRequest, "the body is not an order: "+err.Error())
		return
	}
	created, err := e.Orders.CreateOrder(request.Context(), body.toRequest(key))
	if err != nil {
		writeFailure(response, request, err)
		return
	}
	order := orderFrom(created.GetOrder())
	response.Header().Set("Location", "/api/orders/"+order.ID)
	writeJSON(response, request, http.StatusCreated, order)
}

// orderPage composes an order with its user and recommendations. Only the order is essential: a page whose other parts can't
// be had now is shown without them, and names them.
func (e *Edge) orderPage(response http.ResponseWriter, request *http.Request) {
	ctx := request.Context()
	found, err := e.Orders.GetOrder(ctx, &ordersv1.GetOrderRequest{Id: request.PathValue("id")})
	if err != nil {
		writeFailure(response, request, err)
		return
	}
	userID := found.GetOrder().GetUserId()
	result := page{Order: orderFrom(found.GetOrder()), Recommendations: []recommendation{}}

	var parts sync.WaitGroup
	var userErr, recommendationsErr error
	parts.Go(func() {
		var answer *usersv1.GetUserResponse
		if answer, userErr = e.Users.GetUser(ctx, &usersv1.GetUserRequest{Id: userID}); userErr == nil {
			result.User = userFrom(answer.GetUser())
		}
	})
	parts.Go(func() {
		var answer *recommendationsv1.ListRecommendationsResponse
		answer, recommendationsErr = e.Recommendations.ListRecommendations(ctx,
			&recommendationsv1.ListRecommendationsRequest{UserId: userID, Limit: shownRecommendations})
		for _, one := range answer.GetRecommendations() {
			result.Recommendations = append(result.Recommendations, recommendation{one.GetProductId(), one.GetScore()})
		}
	})
	parts.Wait()
	for name, err := range map[string]error{"users": userErr, "recommendations": recommendationsErr} {
		// A user who was deleted, or whom nobody can recommend anything, is an answer.
		if err != nil && status.Code(err) != codes.NotFound {
			slog.WarnContext(ctx, "the page is degraded", "dependency", name, "error", err.Error())
			result.Degraded = append(result.Degraded, name)
		}
	}
	slices.Sort(result.Degraded)
	writeJSON(response, request, http.StatusOK, result)
}

func (e *Edge) user(response http.ResponseWriter, request *http.Request) {
	found, err := e.Users.GetUser(request.Context(), &usersv1.GetUserRequest{Id: request.PathValue("id")})
	if err != nil {
		writeFailure(response, request, err)
		return
	}
	writeJSON(response, request, http.StatusOK, userFrom(found.GetUser()))
}
