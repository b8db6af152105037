// One POST through the proxy with Java's HttpClient (HTTP/2 where it is offered):
//   java -Djavax.net.ssl.trustStore=… ClientOfJava.java PROXY_HOST PROXY_PORT URL BODY
// prints the status on a line, then the body.
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

class ClientOfJava {
    public static void main(String[] args) throws Exception {
        HttpClient client = HttpClient.newBuilder()
            .proxy(ProxySelector.of(new InetSocketAddress(args[0], Integer.parseInt(args[1])))).build();
        HttpRequest request = HttpRequest.newBuilder(URI.create(args[2])).header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(args[3])).build();
        HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
        System.out.println(response.statusCode());
        System.out.print(response.body());
    }
}
