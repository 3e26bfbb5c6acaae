package feed_test

import (
	"os"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }
