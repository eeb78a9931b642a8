package api

type locks struct{}
