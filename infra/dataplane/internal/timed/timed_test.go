package timed

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

var errBusy = errors.New("busy")

func ask(t *testing.T, query string, take func(*http.Request, time.Duration) (any, error)) (int, string) {
	t.Helper()
	recorder := httptest.NewRecorder()
	handler := Handler(take, map[error]int{errBusy: http.StatusConflict})
	handler(recorder, httptest.NewRequest(http.MethodGet, "/look"+query, nil))
	return recorder.Code, strings.TrimSpace(recorder.Body.String())
}

func TestLooksForAsLongAsIsAsked(t *testing.T) {
	for query, want := range map[string]time.Duration{"": 2 * time.Second, "?seconds=0.25": 250 * time.Millisecond, "?seconds=600": 10 * time.Minute} {
		var got time.Duration
		status, said := ask(t, query, func(_ *http.Request, duration time.Duration) (any, error) {
			got = duration
			return map[string]int{"found": 1}, nil
		})
		if status != http.StatusOK || said != `{"found":1}` || got != want {
			t.Errorf("%q: status %d, %q, for %v", query, status, said, got)
		}
	}
}

func TestRefusesWhatIsNoTime(t *testing.T) {
	for _, wrong := range []string{"?seconds=0", "?seconds=-1", "?seconds=x", "?seconds=NaN", "?seconds=601"} {
		status, said := ask(t, wrong, func(*http.Request, time.Duration) (any, error) {
			t.Errorf("%q was looked for", wrong)
			return nil, nil
		})
		if status != http.StatusBadRequest || said != "seconds must lie above 0 and at most 600" {
			t.Errorf("%q: status %d, %q", wrong, status, said)
		}
	}
}

func TestTellsARefusalFromAFault(t *testing.T) {
	for err, want := range map[error]int{fmt.Errorf("just now: %w", errBusy): http.StatusConflict, errors.New("broken"): http.StatusInternalServerError} {
		status, said := ask(t, "", func(*http.Request, time.Duration) (any, error) { return nil, err })
		if status != want || said != err.Error() {
			t.Errorf("%v: status %d, %q", err, status, said)
		}
	}
}
