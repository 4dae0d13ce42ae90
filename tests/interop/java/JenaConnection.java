import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.jena.http.auth.AuthEnv;
import org.apache.jena.rdfconnection.RDFConnection;
import org.apache.jena.rdfconnection.RDFConnectionRemote;

/** Reads and writes over HTTP. Arguments: the address, the token, the folder of the questions. */
final class JenaConnection {
  private static final String GRAPH = "http://example.org/client";

  public static void main(String[] arguments) throws Exception {
    String url = arguments[0];
    Path folder = Path.of(arguments[2]);
    AuthEnv.get().setBearerToken(url + "/update", arguments[1]);
    AuthEnv.get().setBearerToken(url + "/graphs", arguments[1]);
    try (RDFConnection connection =
        RDFConnectionRemote.newBuilder()
            .queryEndpoint(url + "/sparql")
            .updateEndpoint(url + "/update")
            .gspEndpoint(url + "/graphs")
            .build()) {
      int[] rows = {0};
      connection.querySelect(text(folder, "select.rq"), row -> rows[0]++);
      System.out.println("SELECT\t" + rows[0]);
      System.out.println("ASK\t" + connection.queryAsk(text(folder, "ask.rq")));
      System.out.println("CONSTRUCT\t" + connection.queryConstruct(text(folder, "construct.rq")).size());
      System.out.println("DESCRIBE\t" + connection.queryDescribe(text(folder, "describe.rq")).size());
      connection.update(text(folder, "insert.ru"));
      System.out.println("INSERT\t" + connection.fetch(GRAPH).size());
      connection.put(GRAPH, folder.resolve("two.nt").toString());
      System.out.println("PUT\t" + connection.fetch(GRAPH).size());
      connection.update(text(folder, "clear.ru"));
      int[] left = {0};
      connection.querySelect(text(folder, "stored.rq"), row -> left[0]++);
      System.out.println("CLEAR\t" + left[0]);
    }
    System.exit(0);
  }

  private static String text(Path folder, String name) throws Exception {
    return Files.readString(folder.resolve(name));
  }
}
