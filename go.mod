module github.com/rockpool-cloud/rockpool

go 1.26.8
