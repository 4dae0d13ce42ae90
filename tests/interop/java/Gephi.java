import java.io.File;
import org.gephi.graph.api.GraphController;
import org.gephi.graph.api.GraphModel;
import org.gephi.io.importer.api.Container;
import org.gephi.io.importer.api.EdgeDirectionDefault;
import org.gephi.io.importer.api.ImportController;
import org.gephi.io.processor.plugin.DefaultProcessor;
import org.gephi.project.api.ProjectController;
import org.gephi.project.api.Workspace;
import org.openide.util.Lookup;

/** Imports a GEXF or GraphML file as Gephi's File, Open does; prints nodes and edges. */
final class Gephi {
  public static void main(String[] arguments) throws Exception {
    ProjectController projects = Lookup.getDefault().lookup(ProjectController.class);
    projects.newProject();
    Workspace workspace = projects.getCurrentWorkspace();
    ImportController importer = Lookup.getDefault().lookup(ImportController.class);
    Container container = importer.importFile(new File(arguments[0]));
    container.getLoader().setEdgeDefault(EdgeDirectionDefault.DIRECTED);
    importer.process(container, new DefaultProcessor(), workspace);
    GraphModel model = Lookup.getDefault().lookup(GraphController.class).getGraphModel(workspace);
    container.getReport().getIssuesList(50).forEach(issue -> System.err.println(issue.getMessage()));
    System.out.println(model.getGraph().getNodeCount() + " " + model.getGraph().getEdgeCount());
    System.exit(0);
  }
}
