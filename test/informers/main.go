// Command informers runs shared informers as a controller has them, and writes what they ask and see as JSON lines:
// configmaps and pods in JSON and in protobuf, widgets by the dynamic client. It ends with its standard input.
//
// WatchList is client-go's own switch: KUBE_FEATURE_WatchListClient=true|false.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// line is one thing that happened.
type line struct {
	Informer string `json:"informer"`
	// What is synced, request, add, update or delete.
	What            string `json:"what"`
	Name            string `json:"name,omitempty"`
	ResourceVersion string `json:"resourceVersion,omitempty"`
	URL             string `json:"url,omitempty"`
	Status          int    `json:"status,omitempty"`
	Source          string `json:"source,omitempty"`
	ContentType     string `json:"contentType,omitempty"`
	Count           int    `json:"count,omitempty"`
}

var (
	writing sync.Mutex
	output  = json.NewEncoder(os.Stdout)
)

func say(l line) {
	writing.Lock()
	defer writing.Unlock()
	if err := output.Encode(l); err != nil {
		os.Exit(1)
	}
}

// recorder tells of every answer's head.
type recorder struct {
	informer string
	next     http.RoundTripper
}

func (r recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := r.next.RoundTrip(request)
	l := line{Informer: r.informer, What: "request", URL: request.URL.RequestURI()}
	if response != nil {
		l.Status = response.StatusCode
		l.Source = response.Header.Get("X-Edge-Proxy")
		l.ContentType = response.Header.Get("Content-Type")
	}
	say(l)
	return response, err
}

func config(server, informer string) *rest.Config {
	return &rest.Config{
		Host:      server,
		UserAgent: "informers/1",
		WrapTransport: func(next http.RoundTripper) http.RoundTripper {
			return recorder{informer: informer, next: next}
		},
	}
}

func typed(server, namespace, resource, contentType, name string) (cache.ListerWatcher, error) {
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"})
	c := config(server, name)
	c.APIPath = "/api"
	c.ContentType = contentType
	c.AcceptContentTypes = contentType
	c.GroupVersion = &corev1.SchemeGroupVersion
	c.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	client, err := rest.RESTClientFor(c)
	if err != nil {
		return nil, err
	}
	lw := cache.NewListWatchFromClient(client, resource, namespace, fields.Everything())
	return cache.ToListWatcherWithWatchListSemantics(lw, client), nil
}

func dynamically(server, namespace string, gvr schema.GroupVersionResource, name string) (cache.ListerWatcher, error) {
	client, err := dynamic.NewForConfig(config(server, name))
	if err != nil {
		return nil, err
	}
	resource := client.Resource(gvr).Namespace(namespace)
	lw := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return resource.List(ctx, options)
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return resource.Watch(ctx, options)
		},
	}
	return cache.ToListWatcherWithWatchListSemantics(lw, client), nil
}

func run(ctx context.Context, name string, lw cache.ListerWatcher, example runtime.Object) error {
	informer := cache.NewSharedIndexInformer(lw, example, 0, cache.Indexers{})
	tell := func(what string, object any) {
		if last, ok := object.(cache.DeletedFinalStateUnknown); ok {
			what, object = what+" unseen", last.Obj
		}
		if meta, ok := object.(metav1.Object); ok {
			say(line{Informer: name, What: what, Name: meta.GetName(), ResourceVersion: meta.GetResourceVersion()})
		}
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { tell("add", object) },
		UpdateFunc: func(_, object any) { tell("update", object) },
		DeleteFunc: func(object any) { tell("delete", object) },
	})
	if err != nil {
		return err
	}
	go informer.RunWithContext(ctx)
	go func() {
		if cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
			say(line{Informer: name, What: "synced", Count: len(informer.GetStore().ListKeys())})
		}
	}()
	return nil
}

func start(ctx context.Context, server, namespace string) error {
	examples := map[string]runtime.Object{"configmaps": &corev1.ConfigMap{}, "pods": &corev1.Pod{}}
	encodings := map[string]string{"json": runtime.ContentTypeJSON, "protobuf": runtime.ContentTypeProtobuf}
	for resource, example := range examples {
		for encoding, contentType := range encodings {
			name := resource + " " + encoding
			lw, err := typed(server, namespace, resource, contentType, name)
			if err != nil {
				return err
			}
			if err := run(ctx, name, lw, example); err != nil {
				return err
			}
		}
	}
	widgets := schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "widgets"}
	lw, err := dynamically(server, namespace, widgets, "widgets dynamic")
	if err != nil {
		return err
	}
	return run(ctx, "widgets dynamic", lw, &unstructured.Unstructured{})
}

func main() {
	server := flag.String("server", "", "the apiserver's URL, or the proxy's")
	namespace := flag.String("namespace", "default", "what is looked at")
	flag.Parse()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := start(ctx, *server, *namespace); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}
